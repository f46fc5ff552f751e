"""SQLite draws random numbers from a state that is part of the snapshot: the same in every call."""

import os
import random
import sqlite3
from sqlite3 import dbapi2
from typing import Any

_connect = sqlite3.connect
_SEED_BYTES = 32
_BYTES_AT_MOST = 1_000_000_000
_generator: random.Random | None = None


def reseed() -> None:
    """Forgets the generator: an image would repeat it."""
    global _generator
    # Most calls never draw: an assignment would touch a page.
    if _generator is not None:
        _generator = None


def _bytes(count: int) -> bytes:
    global _generator
    if _generator is None:
        _generator = random.Random(int.from_bytes(os.urandom(_SEED_BYTES)))
    return _generator.randbytes(count)


def _random() -> int:
    return int.from_bytes(_bytes(8), signed=True)


def _randomblob(count: Any) -> bytes:
    wanted = int(count or 0)
    if wanted > _BYTES_AT_MOST:
        raise OverflowError("string or blob too big")
    return _bytes(max(1, wanted))


class Connection(sqlite3.Connection):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.create_function("random", 0, _random)
        self.create_function("randomblob", 1, _randomblob)


def connect(database: Any, *args: Any, **options: Any) -> Any:
    # The factory is the sixth argument, where it is not given by its name.
    if len(args) < 5:
        options.setdefault("factory", Connection)
    return _connect(database, *args, **options)


def install() -> None:
    """Gives connections the random numbers of the rest of Python."""
    Connection.__module__ = "sqlite3"
    connect.__doc__ = _connect.__doc__
    for module in (sqlite3, dbapi2):
        module.Connection = Connection  # type: ignore[misc]
        module.connect = connect
