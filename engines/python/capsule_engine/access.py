"""The access of a task: its environment variables and folders."""

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

#: Variables that top-level code has looked for and did not find.
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
    """Warns about variables that top-level code has read and that only tasks have."""
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
    """Sets the task's environment variables and its temporary folders.

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
    """Whether a path lies outside all folders of the task. It says nothing about the host."""
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
        # The root is not a folder of the task.
        return error.errno != errno.EINVAL
    return False
