"""Sockets and ``select``: each socket is a connection of the bridge."""

from __future__ import annotations

import errno
import io
import select
import socket
from collections.abc import Callable
from typing import Any

from capsule_engine import host
from capsule_engine.network.bridge import Connection, Response, check, describe, head_of

#: File descriptors above those of files.
FIRST_FILENO = 1_000_000
REFUSED = "a sandbox opens no raw connections and serves none: HTTP by http.client and the like"

_next_fileno = FIRST_FILENO


class HostSocket:
    """A stream for HTTP."""

    def __init__(
        self,
        family: int = socket.AF_INET,
        type: int = socket.SOCK_STREAM,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None:
        global _next_fileno
        if family in (-1, socket.AF_UNSPEC):
            family = socket.AF_INET
        # It may be combined with flags.
        if type != -1 and type & 0xFF not in (0, socket.SOCK_STREAM):
            raise PermissionError(errno.EACCES, REFUSED)
        _next_fileno += 1
        self.family, self.type, self.proto = family, socket.SOCK_STREAM, max(proto, 0)
        self._fileno = _next_fileno
        self._timeout: float | None = socket.getdefaulttimeout()
        self._peer: tuple[str, int] | None = None
        self._connection: Connection | None = None
        self._response: Response | None = None
        self._out = bytearray()
        self._timed_out = False
        self._has_sent = False
        self._files = 0
        self._closed = False

    # How a socket is set up.

    def setsockopt(self, *args: Any) -> None:
        """Has no effect: the host makes the connections."""

    def getsockopt(self, *args: Any) -> int:
        return 0

    def settimeout(self, timeout: float | None) -> None:
        self._timeout = timeout

    def gettimeout(self) -> float | None:
        return self._timeout

    timeout = property(gettimeout)

    def setblocking(self, flag: bool) -> None:
        self._timeout = None if flag else 0.0

    def getblocking(self) -> bool:
        return self._timeout != 0.0

    def set_inheritable(self, inheritable: bool) -> None:
        pass

    def get_inheritable(self) -> bool:
        return False

    def fileno(self) -> int:
        return -1 if self._closed else self._fileno

    def bind(self, address: Any) -> None:
        # Clients say where they come from; it is the host's choice.
        if int(address[1]):
            raise PermissionError(errno.EACCES, REFUSED)

    def listen(self, backlog: int = 0) -> None:
        raise PermissionError(errno.EACCES, REFUSED)

    def accept(self) -> Any:
        raise PermissionError(errno.EACCES, REFUSED)

    def connect(self, address: Any) -> None:
        peer = describe(address)
        name, port = peer
        check(host.take(host.start("http_reach", {"host": name, "port": port}))[0])
        self._peer = peer
        self._connection = Connection(peer)

    def connect_ex(self, address: Any) -> int:
        self.connect(address)
        return 0

    def begin_tls(self) -> None:
        """What is written from now on is for https."""
        self._open().tls = True

    def getpeername(self) -> tuple[str, int]:
        if self._peer is None:
            raise OSError(errno.ENOTCONN, "the socket is not connected")
        return self._peer

    def getsockname(self) -> tuple[str, int]:
        return ("127.0.0.1", 0)

    # What goes through it.

    def sendall(self, data: Any, flags: int = 0) -> None:
        self._open().feed(bytes(data))
        self._has_sent = True
        if self._response is None:
            # What fails on the way to the server fails here, where libraries look for it.
            try:
                self._ask()
            except TimeoutError:
                # A server that lets wait is noticed by who reads.
                self._timed_out = True

    def send(self, data: Any, flags: int = 0) -> int:
        data = bytes(data)
        self.sendall(data)
        return len(data)

    def sendmsg(self, buffers: Any, *args: Any) -> int:
        return self.send(b"".join(bytes(buffer) for buffer in buffers))

    def sendfile(self, file: Any, offset: int = 0, count: int | None = None) -> int:
        file.seek(offset)
        return self.send(file.read() if count is None else file.read(count))

    def recv(self, size: int, flags: int = 0) -> bytes:
        self._fill()
        data = bytes(self._out[:size])
        if not flags & socket.MSG_PEEK:
            del self._out[:size]
        return data

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        view = memoryview(buffer).cast("B")
        data = self.recv(nbytes or len(view), flags)
        view[: len(data)] = data
        return len(data)

    def makefile(self, mode: str = "r", buffering: int | None = None, **options: Any) -> Any:
        self._files += 1
        raw = SocketFile(self, mode)
        if buffering == 0:
            return raw
        size = buffering if buffering and buffering > 0 else io.DEFAULT_BUFFER_SIZE
        buffer: Any
        if "r" in mode and "w" in mode:
            buffer = io.BufferedRWPair(raw, raw, size)
        elif "w" in mode:
            buffer = io.BufferedWriter(raw, size)
        else:
            buffer = io.BufferedReader(raw, size)
        return buffer if "b" in mode else io.TextIOWrapper(buffer, **options)

    def file_closed(self) -> None:
        self._files -= 1
        if self._closed and self._files <= 0:
            self._let_go()

    def is_readable(self) -> bool:
        """Whether `recv` would return at once."""
        return self._closed or bool(self._out) or self._response is not None

    def shutdown(self, how: int) -> None:
        pass

    def detach(self) -> int:
        return self.fileno()

    def close(self) -> None:
        self._closed = True
        if self._files <= 0:
            self._let_go()

    def _let_go(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            response.discard()

    def _open(self) -> Connection:
        if self._connection is None or self._closed:
            raise OSError(errno.ENOTCONN, "the socket is not connected")
        return self._connection

    def _fill(self) -> None:
        """Reads on until there is something to give, or the connection has nothing more to say."""
        while not self._out:
            if self._response is not None:
                if self._response.ended:
                    self._response = None
                    continue
                json, data = self._wait(self._response.start_reading())
                check(json)
                self._out += self._response.part(json, data)
                continue
            if self._connection is None:
                raise OSError(errno.ENOTCONN, "the socket is not connected")
            if self._timed_out:
                self._timed_out = False
                raise TimeoutError("timed out")
            if self._ask():
                continue
            self._out += self._connection.take_interim()
            if not self._out:
                # An HTTP server sends nothing before a request.
                if not self._has_sent and self._timeout != 0.0:
                    raise PermissionError(errno.EACCES, REFUSED)
                return

    def _ask(self) -> bool:
        """Passes on the next request that is whole, if there is one, and takes its head."""
        request = self._open().take_request()
        if request is None:
            return False
        json, _ = self._wait(request.start())
        self._response = head_of(json, request)
        self._out += self._response.head
        return True

    def _wait(self, handle: int) -> tuple[str, bytes]:
        try:
            return host.take(handle, self._timeout)
        except TimeoutError:
            host.cancel(handle)
            raise TimeoutError("timed out") from None

    def __enter__(self) -> HostSocket:
        return self

    def __exit__(self, *args: Any) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<socket of the host, peer={self._peer}>"


class SocketFile(io.RawIOBase):
    """A socket as a file."""

    def __init__(self, sock: HostSocket, mode: str) -> None:
        self._sock = sock
        self._mode = mode

    def readable(self) -> bool:
        return "w" not in self._mode or "r" in self._mode

    def writable(self) -> bool:
        return "w" in self._mode

    def readinto(self, buffer: Any) -> int:
        return self._sock.recv_into(buffer)

    def write(self, data: Any) -> int:
        return self._sock.send(data)

    def fileno(self) -> int:
        return self._sock.fileno()

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._sock.file_closed()


def create_connection(
    address: Any, timeout: Any = None, source_address: Any = None, **options: Any
) -> HostSocket:
    """A socket that is connected."""
    sock = HostSocket()
    # socket's own mark for "the default".
    if timeout is None or isinstance(timeout, (int, float)):
        sock.settimeout(timeout)
    sock.connect(address)
    return sock


def getaddrinfo(
    host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
) -> list[tuple[Any, ...]]:
    """One address, which is the name: the host resolves it when it connects."""
    name = host.decode() if isinstance(host, bytes) else host
    if isinstance(port, str):
        port = socket.getservbyname(port) if not port.isdigit() else int(port)
    kind = socket.SOCK_STREAM
    return [(socket.AF_INET, kind, socket.IPPROTO_TCP, "", (name or "localhost", port or 0))]


class Poll:
    """`select.poll` for sockets of the host."""

    def __init__(self) -> None:
        self._watched: dict[int, tuple[Any, int]] = {}

    def register(self, fd: Any, eventmask: int = select.POLLIN | select.POLLOUT) -> None:
        self._watched[_number(fd)] = (fd, eventmask)

    def modify(self, fd: Any, eventmask: int) -> None:
        self.register(fd, eventmask)

    def unregister(self, fd: Any) -> None:
        del self._watched[_number(fd)]

    def poll(self, timeout: float | None = None) -> list[tuple[int, int]]:
        events = []
        for number, (fd, mask) in self._watched.items():
            ready = (select.POLLIN if _is_readable(fd) else 0) | select.POLLOUT
            if ready & mask:
                events.append((number, ready & mask))
        return events


def _select(readers: Any, writers: Any, errors: Any, timeout: Any = None) -> Any:
    ready = [reader for reader in readers if _is_readable(reader)]
    return ready, list(writers), []


def _number(fd: Any) -> int:
    return fd if isinstance(fd, int) else fd.fileno()


def _is_readable(fd: Any) -> bool:
    readable: Callable[[], bool] | None = getattr(fd, "is_readable", None)
    return readable() if readable is not None else False


def _refused(*args: Any, **options: Any) -> Any:
    raise PermissionError(errno.EACCES, REFUSED)


def install() -> None:
    """Makes the module `socket` give these."""
    names: dict[str, Any] = {
        "SocketType": HostSocket,
        "create_connection": create_connection,
        "create_server": _refused,
        "fromfd": _refused,
        "getaddrinfo": getaddrinfo,
        "gethostbyname": lambda name: name,
        "gethostname": lambda: "sandbox",
        "getfqdn": lambda name="": name or "sandbox",
        "socket": HostSocket,
        "socketpair": _refused,
    }
    for name, value in names.items():
        setattr(socket, name, value)
    if not hasattr(socket, "MSG_PEEK"):
        socket.MSG_PEEK = 2  # type: ignore[attr-defined]
    select.poll = Poll  # type: ignore[assignment, misc]
    select.select = _select
