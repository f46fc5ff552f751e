"""Values with bytes, as hosts and sandboxes tell each other of them."""

import json
from typing import Any

import pytest

from capsule._client.request.request import Call, call_request, run_request
from capsule._client.worker.exchange import Exchange
from capsule._client.worker.frames import FrameDecoder, encode_frame
from capsule._client.worker.outcome import envelope_of
from capsule._payload import decode, encode

USER_DATA = [
    {"$bytes": [0, 3]},
    {"$bytes": "AAAA"},
    {"$$bytes": {"$bytes": 1}},
    {"$bytes": 1, "x": 2},
    {"$bytes": {"$bytes": [0, 1]}},
    {"bytes": 1, "$": "$bytes"},
    'a "$bytes" text, {"$bytes":[0,1]}',
]


@pytest.mark.parametrize(
    "value",
    [
        b"\x00\xff",
        b"",
        [b"", b""],
        {"a": [b"1", {"b": b"22"}, 1.5, None], "c": b"1"},
        [*USER_DATA, b"123"],
        {"$bytes": b"123"},
        {"$$bytes": [{"$bytes": b"1"}]},
        {"\ud800": b"1"},
    ],
)
def test_values_with_bytes_come_back_equal(value):
    text, data = encode(value)
    assert data
    assert decode(text, data) == value
    assert decode(text.encode(), data) == value


@pytest.mark.parametrize("value", [None, 1.0, USER_DATA, {"$bytes": [0, 1]}])
def test_values_without_bytes_are_plain_json(value):
    assert encode(value) == (json.dumps(value), b"")
    assert decode(json.dumps(value), b"") == value


def test_placeholders_take_the_bytes_in_their_order():
    view = memoryview(b"abcdef")[::2]
    text, data = encode([bytearray(b"12"), b"", view], separators=(",", ":"))
    assert text == '[{"$bytes":[0,2]},{"$bytes":[2,0]},{"$bytes":[2,3]}]'
    assert data == b"12ace"
    assert encode(b"")[1] == b"\0", "that there are placeholders shows"


def test_one_value_is_not_copied():
    data = b"x" * 1000
    text, sent = encode({"args": [data]})
    assert sent is data
    assert decode(text, data)["args"][0] is data


def test_bytes_are_no_keys_and_other_objects_no_bytes():
    for value in ({b"key": 1}, [b"1", {1}], [b"1", float("nan")]):
        with pytest.raises((TypeError, ValueError)):
            encode(value, allow_nan=False)


def _parts(exchange: Exchange) -> tuple[Any, bytes]:
    frame = encode_frame(1, exchange.header, exchange.payload, exchange.data)
    [decoded] = FrameDecoder().push(frame)
    return json.loads(decoded.payload), decoded.data


def _call(args: list, kwargs: dict | None = None) -> Call:
    return Call("main", args, kwargs, stdin=None, capture=False, limits=None)


def test_requests_carry_bytes_behind_their_json():
    call = call_request(3, _call([b"12"], {"b": b"3"}), observe=False)
    given, data = _parts(call)
    assert given == {"args": [{"$bytes": [0, 2]}], "kwargs": {"b": {"$bytes": [2, 1]}}}
    assert data == b"123"
    run = run_request({"code": "", "language": "python", "args": [b"12"], "env": {"$bytes": "x"}})
    options, data = _parts(run)
    assert json.loads(options["input"]) == {"args": [{"$bytes": [0, 2]}]}
    assert (options["env"], data) == ({"$bytes": "x"}, b"12")
    plain = call_request(3, _call([{"$bytes": 1}]), observe=False)
    assert _parts(plain) == ({"args": [{"$bytes": 1}]}, b"")


def test_an_envelope_has_its_bytes():
    text = b'{"success":true,"result":[{"$bytes":[0,2]},{"$$bytes":1}]}'
    [frame] = FrameDecoder().push(encode_frame(1, {"type": "envelope"}, text, b"\x00\xff"))
    assert frame.header == {"type": "envelope", "json": len(text)}
    assert envelope_of(frame, "main")["result"] == [b"\x00\xff", {"$bytes": 1}]
