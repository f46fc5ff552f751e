"""What tasks give back, and how it comes out. The twin of values.ts."""

from collections import OrderedDict, namedtuple
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from pathlib import PurePosixPath
from uuid import UUID

from capsule import task

Pair = namedtuple("Pair", ["x", "y"])


@dataclass
class Point:
    x: int
    y: int


class Colour(Enum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


class Text(str):
    pass


circular: dict = {"name": "loop"}
circular["inner"] = [circular]

VALUES = {
    "nothing": lambda: None,
    "null": lambda: None,
    "nan": lambda: float("nan"),
    "infinity": lambda: {"up": float("inf"), "down": float("-inf")},
    "integers": lambda: [0, -1, 2**53 - 1, -(2**53) + 1],
    "floats": lambda: [0.1, -0.0, 1e-7, 1e21, 5e-324, 1.7976931348623157e308, 1.0],
    "big_integer": lambda: 2**70,
    "huge_integer": lambda: 10**5000,
    "booleans": lambda: [True, False],
    "date": lambda: datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC),
    "day": lambda: {"day": date(2026, 2, 3)},
    "bytes": lambda: b"\x00\x7f\xff",
    "bytearray": lambda: [bytearray(b"a")],
    "map": lambda: OrderedDict(a=1, b=2),
    "set": lambda: {1, 2},
    "tuple": lambda: (1, (2, 3)),
    "named_tuple": lambda: Pair(1, 2),
    "instance": lambda: Point(1, 2),
    "decimal": lambda: Decimal("1.10"),
    "enum": lambda: Colour.RED,
    "int_enum": lambda: Level.HIGH,
    "text": lambda: Text("of a subclass"),
    "uuid": lambda: UUID(int=1),
    "path": lambda: PurePosixPath("/a"),
    "complex": lambda: 1j,
    "range": lambda: range(3),
    "generator": lambda: (n for n in range(3)),
    "error": lambda: ValueError("kept inside"),
    "keys": lambda: {3: "int", 1.5: "float", True: "bool", None: "none", "é😀": "text"},
    "tuple_key": lambda: {(1, 2): 3},
    "function": lambda: len,
    "member_object": lambda: {"a": [1, {"b": object()}]},
    "circular": lambda: circular,
    "emoji": lambda: "é😀👩‍👩‍👧 \u0000\u001f\u2028",
    "surrogates": lambda: ["\ud800", "a\udc00b", "\ude00\ud83d", {"\ud83d": 1}],
    "envelope": lambda: {"success": False, "result": None, "error": {"error_type": "timeout"}},
}


@task
def main(value=None):
    return value


@task
def give(name):
    return VALUES[name]()


@task(name="list")
def count():
    return len(VALUES)


@task
def several(*values, **named):
    return [list(values), named] if named else list(values)


@task
def length(text):
    # As JavaScript counts: an emoji is two.
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@task
def repeat(text, times):
    return text * times


@task
def deep(levels):
    value = 0
    for _ in range(levels):
        value = [value]
    return value
