"""Replacements for missing modules, for packages that import them and hardly use them.

For other packages the import fails and says why: most then work without the module.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, NoReturn


def _bz2() -> ModuleType:
    """For packages that open files by their ending."""
    module = ModuleType("bz2")

    def missing(*args: Any, **options: Any) -> NoReturn:
        raise NotImplementedError("bz2 is not available in a sandbox: use zlib or gzip")

    module.BZ2File = module.open = missing  # type: ignore[attr-defined]
    return module


def _ctypes() -> ModuleType:
    """For packages that ask for the size of a number."""
    module = ModuleType("ctypes")
    module.c_long = "l"  # type: ignore[attr-defined]
    module.sizeof = {"l": 4}.__getitem__  # type: ignore[attr-defined]
    return module


#: By the module that imports one.
STAND_INS = {
    "networkx.utils.decorators": _bz2,
    "sympy.external.gmpy": _ctypes,
}


@contextmanager
def for_importer(name: str) -> Iterator[None]:
    """Has a stand-in among the modules, while the module that needs it is executed."""
    module = STAND_INS[name]()
    sys.modules[module.__name__] = module
    try:
        yield
    finally:
        del sys.modules[module.__name__]
