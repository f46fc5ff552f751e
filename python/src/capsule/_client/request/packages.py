"""The folders in which this interpreter finds packages: programs in sandboxes may import them."""

from __future__ import annotations

import json
import os
import site
import sys
from collections.abc import Iterator
from typing import Any

#: The variable that tells the command and the worker, which are not written in Python.
VARIABLE = "CAPSULE_PYTHON_PACKAGES"

_known: tuple[tuple[str, ...], str] = ((), "")


def package_path() -> str:
    """Folders of packages, in the order of ``sys.path``, as JSON.

    They are the interpreter's ``site-packages``, those of the user, the folders of ``PYTHONPATH``,
    and what editable installs point to. The folder of the program that runs, and the current one,
    are none.
    """
    global _known
    path = tuple(entry for entry in sys.path or () if isinstance(entry, str))
    if _known[0] != path:
        _known = path, json.dumps([*_folders(path)])
    return _known[1]


def _folders(path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    sites = {*site.getsitepackages()}
    if site.ENABLE_USER_SITE:
        sites.add(site.getusersitepackages())
    # Only configured folders: sys.path begins with the folder of the program that runs.
    pointed = {*_of_environment()}
    for folder in sites & {*path}:
        pointed.update(_of_pth_files(folder))
    for entry in dict.fromkeys(path):
        if not os.path.isabs(entry):
            continue
        if entry in sites:
            yield {"folder": entry, "whole": True}
        elif os.path.realpath(entry) in pointed:
            yield {"folder": entry}
    for module, folder in _of_finders():
        yield {"folder": folder, "module": module}


def _of_environment() -> Iterator[str]:
    if not sys.flags.ignore_environment:
        for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep):
            if entry:
                yield os.path.realpath(entry)


def _of_pth_files(folder: str) -> Iterator[str]:
    """What lines of ``.pth`` files name, as the module ``site`` reads them."""
    try:
        names = [name for name in os.listdir(folder) if name.endswith(".pth")]
    except OSError:
        return
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                lines = file.read().splitlines()
        except OSError:
            continue
        for line in map(str.strip, lines):
            if line and not line.startswith(("#", "import ", "import\t")):
                yield os.path.realpath(os.path.join(folder, line))


def _of_finders() -> Iterator[tuple[str, str]]:
    """Packages that the finders of setuptools know: those of projects whose folder holds more."""
    for name, finder in [*sys.modules.items()]:
        mapping = getattr(finder, "MAPPING", None)
        is_finder = name.startswith("__editable__") and name.endswith("_finder")
        if is_finder and isinstance(mapping, dict):
            for module, folder in mapping.items():
                if os.path.isdir(folder):
                    yield str(module), os.path.abspath(folder)
