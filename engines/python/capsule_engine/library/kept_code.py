"""The code of the standard library's modules, whose files do not exist at run time.

Packages execute modules a second time: defusedxml takes one out of ``sys.modules`` to get its twin
in Python, Markdown makes a copy that it changes. Functions hold most of the code anyway.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from types import CodeType
from typing import Any

loaders: dict[str, Loader] = {}


class Loader(InspectLoader):
    """Executes a module that was imported before the snapshot."""

    def __init__(self, spec: ModuleSpec, code: CodeType) -> None:
        self._origin = spec.origin
        self._locations = spec.submodule_search_locations
        self._code = code

    def get_code(self, fullname: str) -> CodeType:
        return self._code

    def get_source(self, fullname: str) -> None:
        """Nobody has it."""

    def is_package(self, fullname: str) -> bool:
        return self._locations is not None

    def spec(self, name: str) -> ModuleSpec:
        spec = ModuleSpec(name, self, origin=self._origin, is_package=self.is_package(name))
        spec.has_location = True
        spec.submodule_search_locations = self._locations
        return spec


class Finder(MetaPathFinder):
    """Finds modules again that the program has removed."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: Any = None
    ) -> ModuleSpec | None:
        loader = loaders.get(name)
        if loader is None:
            return None
        parent = loaders.get(name.rpartition(".")[0])
        # A package of the program's own may have the name of one of the library.
        is_own = path is not None and (parent is None or path is not parent._locations)
        return None if is_own else loader.spec(name)


def keep(name: str) -> None:
    """Keeps the code of a module whose import has an effect."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and isinstance(spec.loader, InspectLoader)
    code = spec.loader.get_code(name)
    assert code is not None
    loaders[name] = Loader(spec, code)


@contextmanager
def recording() -> Iterator[None]:
    """Keeps the code of what is imported meanwhile."""
    codes: dict[str, CodeType] = {}
    get_code = SourceFileLoader.get_code

    def recorded(self: SourceFileLoader, fullname: str) -> CodeType | None:
        code = get_code(self, fullname)
        if code is not None:
            codes[fullname] = code
        return code

    SourceFileLoader.get_code = recorded  # type: ignore[method-assign]
    try:
        yield
    finally:
        SourceFileLoader.get_code = get_code  # type: ignore[method-assign]
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        is_library = name.split(".")[0] in sys.stdlib_module_names
        if is_library and spec is not None and isinstance(spec.loader, SourceFileLoader):
            # What was imported before is read again.
            code = codes.get(name) or spec.loader.get_code(spec.name)
            loaders[name] = spec.loader = module.__loader__ = Loader(spec, code)
