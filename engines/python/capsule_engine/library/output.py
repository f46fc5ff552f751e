"""The standard streams through the host: an image would keep a handle of libc."""

import io
import sys

from wit_world.imports import operations
from wit_world.imports.operations import Payload


class Port(io.RawIOBase):
    """A descriptor of the host."""

    def __init__(self, descriptor: int, name: str) -> None:
        self.name = name
        self._descriptor = descriptor

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def write(self, data) -> int:
        data = bytes(data)
        operations.write(self._descriptor, data)
        return len(data)


class Input(io.RawIOBase):
    """Standard input of the task that the host called."""

    name = "<stdin>"
    _rest: memoryview | None = None

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 0

    def isatty(self) -> bool:
        return False

    def readinto(self, buffer) -> int:
        if self._rest is None:
            given = operations.wait(operations.start("stdin", Payload("null", b"")), None).bytes
            # Top-level code has none, and a task of its image may have some.
            if not given:
                return 0
            self._rest = memoryview(given)
        part = self._rest[: len(buffer)]
        self._rest = self._rest[len(part) :]
        buffer[: len(part)] = part
        return len(part)


def install() -> None:
    """Makes print and sys.stderr write to the host, line by line, and sys.stdin read from it."""
    sys.stdout = sys.__stdout__ = _text(Port(1, "<stdout>"))
    sys.stderr = sys.__stderr__ = _text(Port(2, "<stderr>"))
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BufferedReader(Input()), encoding="utf-8")


def _text(port: Port) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(port), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )


def flush() -> None:
    """Writes the rest of the last line. A program may have replaced or closed the streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
