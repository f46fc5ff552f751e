"""The frames that a worker is talked to with: protocol/README.md describes them."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

#: The id, and the sizes of header and payload.
_PREFIX = struct.Struct("<III")
ID_AT_MOST = 0xFFFF_FFFF
PAYLOAD_BYTES_AT_MOST = 256 << 20


class Frame(NamedTuple):
    """A message. The type in its header tells what else there is."""

    id: int
    header: dict[str, Any]
    payload: bytes
    #: What follows the JSON of the payload, if its header tells where that ends.
    data: bytes = b""

    @property
    def type(self) -> str:
        """What the frame says."""
        return str(self.header["type"])


def encode_frame(id: int, header: dict[str, Any], payload: bytes = b"", data: bytes = b"") -> bytes:
    """A frame as bytes. Bytes follow the payload's JSON."""
    if data:
        header = {**header, "json": len(payload)}
    text = json.dumps(header, separators=(",", ":")).encode()
    prefix = _PREFIX.pack(id, len(text), len(payload) + len(data))
    return b"".join((prefix, text, payload, data))


class FrameDecoder:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def push(self, received: bytes) -> Iterator[Frame]:
        """The frames that end in these bytes."""
        self._bytes += received
        while len(self._bytes) >= _PREFIX.size:
            id, header_bytes, payload_bytes = _PREFIX.unpack_from(self._bytes)
            payload_at = _PREFIX.size + header_bytes
            end = payload_at + payload_bytes
            if len(self._bytes) < end:
                return
            header = json.loads(self._bytes[_PREFIX.size : payload_at])
            data_at = payload_at + header.get("json", payload_bytes)
            with memoryview(self._bytes) as view:
                payload = bytes(view[payload_at:data_at])
                data = bytes(view[data_at:end])
            del self._bytes[:end]
            yield Frame(id, header, payload, data)
