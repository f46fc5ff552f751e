"""Packs and unpacks, in Python of its own."""

import msgpack

from capsule import task


@task
def main() -> None:
    data = {"a": [1, -2, 3.5, None, True], "b": b"\x00\xff", "ü": "€"}
    assert msgpack.unpackb(msgpack.packb(data)) == data
    assert msgpack.packb([1, "a"]) == b"\x92\x01\xa1a"
    unpacker = msgpack.Unpacker()
    unpacker.feed(msgpack.packb(1) + msgpack.packb("x"))
    assert list(unpacker) == [1, "x"]
