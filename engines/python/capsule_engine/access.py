"""What a task has, as the host tells it."""

import errno
import os
import sys
import tempfile
from json import loads

# By name: a program may replace them.
from os import fsdecode, lstat, readlink
from os.path import abspath
from typing import Any

from wit_world.imports import operations

#: Variables that top-level code has looked for. It has none.
_missed: set[str] = set()
_get = type(os.environ).__getitem__


def watch() -> None:
    """Remembers which variables are read, until `tell_early_reads`."""

    def get(self: Any, name: Any) -> Any:
        try:
            return _get(self, name)
        except KeyError:
            if type(name) is str:
                _missed.add(name)
            raise

    type(os.environ).__getitem__ = get


def tell_early_reads(path: str, declared: list[Any]) -> None:
    """Warns of variables that tasks will have, and that top-level code has looked for."""
    type(os.environ).__getitem__ = _get
    names = [name for name in dict.fromkeys(declared) if name in _missed]
    _missed.clear()
    for name in names:
        print(
            f"warning: {path}: top-level code reads the environment variable {name}, which it does "
            "not have: read it inside a task",
            file=sys.__stderr__,
        )


def take(context: str) -> bytes:
    """Shows the task what it was given: its environment variables, and where it may write.

    Returns the bytes of its arguments.
    """
    given = loads(context)
    if "env" in given:
        os.environ.update(given["env"])
        folders = given["writable"]
        tempfile._candidate_tempdir_list = lambda: folders
        tempfile.tempdir = None
    return operations.argument_bytes() if "bytes" in given else b""


def is_outside(path: Any) -> bool:
    """Whether a path lies outside of all folders that the task was given.

    Whether there is something on the host, no guest is told.
    """
    if not isinstance(path, (str, bytes)):
        return False
    top = abspath(fsdecode(path)).split("/")[1]
    try:
        if not top or lstat(f"/{top}"):
            return False
    except FileNotFoundError:
        pass
    try:
        readlink("/")
    except OSError as error:
        # The root is no folder of the task's.
        return error.errno != errno.EINVAL
    return False
