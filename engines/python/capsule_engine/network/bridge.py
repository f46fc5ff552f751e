"""Translates between the bytes of HTTP/1.1 connections and requests to the host.

Libraries write HTTP/1.1 to sockets. This parses what they write into requests to the host, and
formats the host's responses as a server would write them. It does no I/O itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from json import loads
from typing import Any

from capsule_engine import host
from capsule_engine.network.tls import TLS_BEGINS, SSLCertVerificationError

HEAD_BYTES_AT_MOST = 1 << 20
NO_BODY = (204, 304)
#: Headers of the message framing, which is written anew.
FRAMING = ("connection", "content-length", "keep-alive", "transfer-encoding")


class NotHttp(OSError):
    """A connection carries something other than HTTP requests."""


@dataclass
class Request:
    """A request of a client."""

    method: str
    url: str
    headers: list[tuple[str, str]]
    body: bytes

    def start(self) -> int:
        """Starts the request. Returns the handle of the operation, whose outcome is a head."""
        request = {
            "method": self.method,
            "url": self.url,
            "headers": self.headers,
            "decompress": False,
        }
        return host.start("http", request, self.body)


class Connection:
    """The server's side of one connection."""

    def __init__(self, address: tuple[str, int], tls: bool = False) -> None:
        self._address = address
        self._received = bytearray()
        self._asked_to_go_on = False
        self.tls = tls

    def feed(self, data: bytes) -> None:
        """Adds bytes that the client has written."""
        self._received += data

    def take_interim(self) -> bytes:
        """The interim response that a client waits for before it sends the body."""
        head, _ = self._head()
        if head is None or self._asked_to_go_on:
            return b""
        if not any(
            name.lower() == "expect" and value.lower() == "100-continue" for name, value in head[2]
        ):
            return b""
        self._asked_to_go_on = True
        return b"HTTP/1.1 100 Continue\r\n\r\n"

    def take_request(self) -> Request | None:
        """The next request, or None until it is complete."""
        head, start = self._head()
        if head is None:
            return None
        method, target, headers = head
        fields = {name.lower(): value for name, value in headers}
        if "chunked" in fields.get("transfer-encoding", "").lower():
            taken = _chunked_body(self._received, start)
        else:
            length = int(fields.get("content-length") or 0)
            end = start + length
            taken = None if len(self._received) < end else (bytes(self._received[start:end]), end)
        if taken is None:
            return None
        body, end = taken
        del self._received[:end]
        self._asked_to_go_on = False
        return Request(method, self._url(target), headers, body)

    def is_idle(self) -> bool:
        """Whether no bytes of the client wait to be read."""
        return not self._received

    def _head(self) -> tuple[tuple[str, str, list[tuple[str, str]]] | None, int]:
        received = self._received
        if received.startswith(TLS_BEGINS):
            del received[: len(TLS_BEGINS)]
            self.tls = True
        end = received.find(b"\r\n\r\n")
        if end < 0:
            if len(received) > HEAD_BYTES_AT_MOST or _is_no_request(received):
                raise NotHttp(1, "a sandbox opens no raw connections: its sockets speak HTTP alone")
            return None, 0
        lines = bytes(received[:end]).decode("latin-1").split("\r\n")
        parts = lines[0].split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            raise NotHttp(1, "a sandbox opens no raw connections: its sockets speak HTTP alone")
        headers = []
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon:
                raise NotHttp(1, f"a header of the request is malformed: {line[:80]!r}")
            headers.append((name, value.strip(" \t")))
        return (parts[0], parts[1], headers), end + 4

    def _url(self, target: str) -> str:
        # Requests to proxies, and targets that would hide another host.
        if not target.startswith("/") and target != "*":
            raise NotHttp(1, "a sandbox asks servers, no proxies: the request names a whole URL")
        name, port = self._address
        shown = f"[{name}]" if ":" in name else name
        return f"{'https' if self.tls else 'http'}://{shown}:{port}{target}"


class Response:
    """A response of the host, as a server would write it."""

    def __init__(self, request: Request, head: dict[str, Any]) -> None:
        self._id = head["body"]
        self._ended = False
        status = head["status"]
        headers = head["headers"]
        length = [value for name, value in headers if name == "content-length"]
        self._has_body = request.method != "HEAD" and status not in NO_BODY and status >= 200
        self._chunked = self._has_body and not length
        kept = [(name, value) for name, value in headers if name not in FRAMING]
        if length:
            kept.append(("content-length", length[0]))
        elif self._chunked:
            kept.append(("transfer-encoding", "chunked"))
        lines = [
            f"HTTP/1.1 {status} {head['reason']}",
            *(f"{name}: {value}" for name, value in kept),
        ]
        self.head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
        if not self._has_body:
            self.discard()

    @property
    def ended(self) -> bool:
        return self._ended

    def start_reading(self) -> int:
        """Asks for the next part of the body. Returns the handle of the operation."""
        return host.start("http_body", {"body": self._id})

    def part(self, json: str, data: bytes) -> bytes:
        """The outcome of an operation, as bytes of the response."""
        if loads(json)["done"]:
            self._ended = True
            return b"0\r\n\r\n" if self._chunked else b""
        return b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data

    def discard(self) -> None:
        """Discards the rest of the body."""
        if not self._ended:
            self._ended = True
            host.wait(host.start("http_discard", {"body": self._id}))


def head_of(outcome: str, request: Request) -> Response:
    """The response in the outcome of an operation.

    Raises:
        OSError: like a connection that fails.
    """
    check(outcome)
    return Response(request, loads(outcome))


def check(outcome: str) -> None:
    """Raises the error of a failed operation, as an error of sockets."""
    if not outcome.startswith('{"error":'):
        return
    error = loads(outcome)["error"]
    kind, message = error["error_type"], error["message"]
    if kind == "denied":
        raise PermissionError(2, message)
    if kind == "certificate":
        raise SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {message}")
    if kind == "not_found":
        import socket

        raise socket.gaierror(socket.EAI_NONAME, message)
    if kind == "network":
        raise ConnectionError(message)
    raise OSError(28, message)


def _is_no_request(received: bytearray) -> bool:
    line = bytes(received[:16])
    return bool(line) and not line[:1].isalpha() and not TLS_BEGINS.startswith(line[:15])


def _chunked_body(received: bytearray, start: int) -> tuple[bytes, int] | None:
    parts = []
    for size, position in _chunks(received, start):
        if size is None:
            return None
        if size == 0:
            end = received.find(b"\r\n", position)
            # Trailers are skipped.
            while end > position:
                position = end + 2
                end = received.find(b"\r\n", position)
            return None if end < 0 else (b"".join(parts), end + 2)
        parts.append(bytes(received[position : position + size]))
    return None


def _chunks(received: bytearray, position: int) -> Iterator[tuple[int | None, int]]:
    """The size and position of each chunk. The size is None until the chunk is complete."""
    while True:
        end = received.find(b"\r\n", position)
        if end < 0:
            yield None, position
            return
        try:
            size = int(bytes(received[position:end]).split(b";")[0], 16)
        except ValueError:
            raise NotHttp(1, "a chunk of the request's body is malformed") from None
        position = end + 2
        if size and len(received) < position + size + 2:
            yield None, position
            return
        yield size, position
        position += size + 2


def describe(address: Any) -> tuple[str, int]:
    """Host and port of an address of any family."""
    name, port = address[0], int(address[1])
    return (name.decode() if isinstance(name, bytes) else str(name)), port
