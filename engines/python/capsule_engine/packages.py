"""The packages of the project's environment: folders that the whole program may read."""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import FileFinder, ModuleSpec, SourceFileLoader, SourcelessFileLoader
from importlib.util import spec_from_file_location
from json import loads
from types import ModuleType
from typing import Any

from capsule_engine.library import stand_ins

#: As the guest sees them.
folders: list[str] = []
#: Folders of single packages, without the files beside them.
single: dict[str, str] = {}

#: Endings of native modules, for all platforms that may have installed a package.
NATIVE = [
    ".so",
    ".abi3.so",
    *(
        f".cpython-3{minor}-{platform}.so"
        for minor in range(9, 16)
        for platform in (
            "x86_64-linux-gnu",
            "aarch64-linux-gnu",
            "x86_64-linux-musl",
            "aarch64-linux-musl",
            "darwin",
        )
    ),
]

#: Modules that packages import at first use: importing them early puts them into the image.
LATE = {"httpx": ["httpcore", "anyio._backends._asyncio", "sniffio"]}


def use(context: str) -> None:
    """Lets imports find what the host gives."""
    for folder in loads(context)["packages"]:
        _, _, _, *path = folder.split("/")
        if path:
            single[".".join(path)] = folder
        else:
            folders.append(folder)
    # A module in Python comes before its twin in native code.
    sys.path_hooks.insert(
        0,
        FileFinder.path_hook(
            (_source_loader, [".py"]), (SourcelessFileLoader, [".pyc"]), (NativeLoader, NATIVE)
        ),
    )
    sys.path.extend(folders)
    if single:
        sys.meta_path.append(SinglePackages())
    # The folders are read-only.
    sys.dont_write_bytecode = True


class SinglePackages(MetaPathFinder):
    """Finds the packages in `single`."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        folder = single.get(name)
        if folder is None:
            return None
        file = f"{folder}/__init__.py"
        loader = _source_loader(name, file)
        return spec_from_file_location(
            name, file, loader=loader, submodule_search_locations=[folder]
        )


def import_late() -> None:
    """Imports what packages of the program will."""
    for name in [
        name for package, names in LATE.items() if package in sys.modules for name in names
    ]:
        try:
            importlib.import_module(name)
        except ImportError:
            # Another version may do without.
            pass


def _source_loader(name: str, path: str) -> SourceFileLoader:
    kind = StandInLoader if name in stand_ins.STAND_INS else SourceFileLoader
    return kind(name, path)


class StandInLoader(SourceFileLoader):
    """Loads a module with what stands in for one of the library that it hardly uses."""

    def exec_module(self, module: ModuleType) -> None:
        with stand_ins.for_importer(module.__name__):
            super().exec_module(module)


class NativeLoader(Loader):
    """Says why a native module cannot be imported."""

    def __init__(self, name: str, path: str) -> None:
        self._path = path

    def create_module(self, spec: ModuleSpec) -> Any:
        # A kind of ImportError. Some packages do without another only if it is not installed.
        raise ModuleNotFoundError(
            f"Cannot import {spec.name!r}: {self._path.rpartition('/')[2]} is native code, which a "
            f"sandbox cannot run",
            # `from package import module` passes over the error if it has the module's full name.
            name=spec.name.partition(".")[0],
            path=self._path,
        )

    def exec_module(self, module: ModuleType) -> None:
        """It is never made."""
