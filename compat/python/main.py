"""Tries the modules of Python's standard library, each in a call of its own."""

import importlib
import sys

from parts import data, files, language, missing, network, numbers, running, text
from tried import TRIED

from capsule import task

#: Each has added what it tries.
PARTS = [data, files, language, missing, network, numbers, running, text]


@task
def modules() -> dict[str, str]:
    """What is tried of each public module."""
    public = sorted(name for name in sys.stdlib_module_names if not name.startswith("_"))
    return {name: TRIED[name][0] if name in TRIED else "import" for name in public}


@task(compute="HIGH", allowed_files=["./data"], allowed_hosts=["localhost"])
def main(name: str, server: str) -> None:
    """Tries one."""
    importlib.import_module(name)
    if name in TRIED:
        TRIED[name][1](server)
