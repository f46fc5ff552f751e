"""Fresh randomness in every call: the image of a program would repeat it."""

import os
import random
import tempfile
from typing import Any

from wit_world.imports import operations

from capsule_engine.library import database

_seed = random.seed
_state = random.Random.getstate
_draw = random.getrandbits
_BYTES = 32

#: What the generator draws first after the engine has seeded it for top-level code. None once the
#: program has seeded it: what it draws from then on is not random.
_first: int | None = None
_has_begun = False


def reseed() -> None:
    """Seeds what draws from a state in memory. The rest asks the host each time."""
    _seed(int.from_bytes(os.urandom(_BYTES)))
    tempfile._name_sequence = None
    database.reseed()


def begin_load() -> None:
    """Seeds the generator for top-level code, by bytes that the program has not drawn."""
    global _first, _has_begun
    _has_begun = True
    seed = int.from_bytes(operations.random(_BYTES))
    _seed(seed)
    _first = _draw(64)
    _seed(seed)


def end_load() -> None:
    """Tells the host if the program drew from the generator: its image is not kept then."""
    _tell_draws()
    # As in the snapshot, so that images need not hold it.
    _seed(0)


def _tell_draws(known: bool = False) -> None:
    global _first
    if _first is not None and (known or _draw(64) != _first):
        # What is drawn by WASI counts.
        os.urandom(1)
    _first = None


def install() -> None:
    """Notes when a program seeds the generator itself."""

    def seed(a: Any = None, version: int = 2) -> None:
        """Initialize internal state from a seed."""
        if not _has_begun:
            # The runtime of componentize-py seeds it before the first call, which would count.
            return
        if a is not None:
            _tell_draws()
        _seed(a, version)

    def getstate(self: random.Random) -> tuple[Any, ...]:
        """Return internal state; can be passed to setstate() later."""
        if _has_begun and self is random._inst:
            # Whoever knows the state can draw from it, and restore it afterwards.
            _tell_draws(known=True)
        return _state(self)

    random.Random.getstate = getstate
    random.seed = seed
    random.getstate = random._inst.getstate
    _seed(0)
