"""Standard output and error, by the host: an image would keep a handle of libc."""

import io
import sys

from wit_world.imports import operations


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


def install() -> None:
    """Makes print and sys.stderr write to the host, line by line. Standard input is empty."""
    sys.stdout = sys.__stdout__ = _text(Port(1, "<stdout>"))
    sys.stderr = sys.__stderr__ = _text(Port(2, "<stderr>"))
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")


def _text(port: Port) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(port), encoding="utf-8", errors="backslashreplace", line_buffering=True
    )


def flush() -> None:
    """Writes what is left of the last line. A program may have replaced or closed the streams."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
