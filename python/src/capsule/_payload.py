"""Values as JSON text with their bytes beside it: what hosts and sandboxes tell each other.

Without bytes, the text is plain JSON. With bytes, ``{"$bytes": [offset, length]}`` stands for some
of them, and an object of one key that could be taken for that, ``$bytes`` after any number of
``$``, gains a ``$`` in the text, and loses it when it is read.
"""

from __future__ import annotations

from json import dumps, loads
from typing import Any

#: What JSON text has wherever it has a key for bytes, perhaps with more ``$``.
_KEY_END = '$bytes"'


def encode(
    value: Any,
    allow_nan: bool = True,
    ensure_ascii: bool = True,
    separators: tuple[str, str] | None = None,
) -> tuple[str, bytes]:
    """Encodes a value by the rules of the json module, with the bytes in it.

    Args:
        value: Of what JSON can hold, and ``bytes``, ``bytearray`` and ``memoryview``.
        allow_nan: As for ``json.dumps``.
        ensure_ascii: As for ``json.dumps``.
        separators: As for ``json.dumps``.

    Returns:
        JSON text, and the bytes that it has placeholders for, in their order. Where all of these
        are empty, there is one byte that nothing stands for.

    Raises:
        TypeError, ValueError, RecursionError: for what has no JSON.
    """
    try:
        # Most values have none.
        text = dumps(
            value,
            allow_nan=allow_nan,
            ensure_ascii=ensure_ascii,
            separators=separators,
            default=_refuse,
        )
        return text, b""
    except _HasBytes:
        pass
    options: dict[str, Any] = {
        "allow_nan": allow_nan,
        "ensure_ascii": ensure_ascii,
        "separators": separators,
    }
    parts = _Parts()
    text = dumps(value, default=parts.add, **options)
    if text.count(_KEY_END) != len(parts.parts):
        # Some are the value's own.
        parts = _Parts()
        text = dumps(_escaped(value), default=parts.add, **options)
    return text, parts.joined()


def decode(text: str | bytes, data: bytes) -> Any:
    """The value that text and bytes stand for. Its placeholders were checked before."""
    value = loads(text)
    return _revived(value, data) if data else value


class _HasBytes(Exception):
    """JSON alone does not do."""


def _refuse(item: Any) -> None:
    if isinstance(item, (bytes, bytearray, memoryview)):
        raise _HasBytes
    raise TypeError(f"Object of type {type(item).__name__} is not JSON serializable")


class _Parts:
    """The bytes of a value, in their order."""

    __slots__ = ("length", "parts")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.length = 0

    def add(self, item: Any) -> dict[str, list[int]]:
        """What stands for bytes."""
        if not isinstance(item, (bytes, bytearray, memoryview)):
            _refuse(item)
        part = item if type(item) is bytes else bytes(item)
        offset = self.length
        self.parts.append(part)
        self.length += len(part)
        return {"$bytes": [offset, len(part)]}

    def joined(self) -> bytes:
        """All of them, or one byte that nothing stands for."""
        [*parts] = self.parts
        return (parts[0] if len(parts) == 1 else b"".join(parts)) or b"\0"


def _escaped(value: Any) -> Any:
    """A copy whose keys cannot be taken for those of bytes."""
    if isinstance(value, dict):
        if len(value) == 1:
            [(key, member)] = value.items()
            if isinstance(key, str) and _dollars(key):
                return {"$" + key: _escaped(member)}
        return {key: _escaped(member) for key, member in value.items()}
    if isinstance(value, (list, tuple)):
        return [_escaped(item) for item in value]
    return value


def _revived(value: Any, data: bytes) -> Any:
    """Puts bytes in the place of their placeholders."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (list, dict)):
                value[index] = _revived(item, data)
    elif isinstance(value, dict):
        if len(value) == 1:
            [(key, member)] = value.items()
            dollars = _dollars(key)
            if dollars == 1:
                offset, length = member
                # All there are: no copy.
                return data[offset : offset + length]
            if dollars:
                return {key[1:]: _revived(member, data)}
        for key, member in value.items():
            if isinstance(member, (list, dict)):
                value[key] = _revived(member, data)
    return value


def _dollars(key: str) -> int:
    """How many ``$`` a key for bytes begins with. 0 for other keys."""
    dollars = len(key) - len("bytes")
    return dollars if dollars > 0 and key == "$" * dollars + "bytes" else 0
