"""All of the standard library that WebAssembly can carry, imported before the snapshot."""

from __future__ import annotations

import errno
import importlib
import os
import pkgutil
import sys
import warnings
from importlib.machinery import ModuleSpec
from typing import Any, NoReturn

from capsule_engine.library import kept_code

# Import has an effect (a browser opens, a poem is printed), or the module is a program or a test.
NOT_IMPORTED = {
    "__hello__",
    "__main__",
    "__phello__",
    "antigravity",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "test",
    "this",
    "turtle",
    "turtledemo",
    "venv",
}

# Why an import of these fails in a sandbox. The rest of what is missing is of another system.
REASONS = {
    "_bz2": "bz2 needs a C library that the sandbox does not have: use zlib or gzip",
    "_ctypes": "ctypes calls native code, which a sandbox never does",
    "_lzma": "lzma needs a C library that the sandbox does not have: use zlib or gzip",
    "_multiprocessing": "a sandbox has one process: call a task instead",
    "_posixsubprocess": "a sandbox starts no processes",
    "_ssl": "the host makes connections: urllib.request, http.client and ssl do https",
    "antigravity": "a sandbox has no browser",
    "fcntl": "a sandbox has no file locks and terminals",
    "grp": "a sandbox has no users",
    "mmap": "a sandbox maps no files: read them",
    "pwd": "a sandbox has no users",
    "readline": "a sandbox has no terminal",
    "resource": "the host sets the limits of a sandbox, and counts what it uses",
    "syslog": "a sandbox has no system log: use logging",
    "ensurepip": "a sandbox has the packages of the program's environment",
    "idlelib": "a sandbox has no display",
    "multiprocessing.popen_fork": "a sandbox has one process: call a task instead",
    "multiprocessing.popen_forkserver": "a sandbox has one process: call a task instead",
    "multiprocessing.popen_spawn_posix": "a sandbox has one process: call a task instead",
    "termios": "a sandbox has no terminal",
    "turtledemo": "a sandbox has no display",
    "venv": "a sandbox has the packages of the program's environment",
    "tkinter": "a sandbox has no display",
    "_tkinter": "a sandbox has no display",
}
#: Of other systems than the sandbox's.
REASONS |= dict.fromkeys(["msvcrt", "nt", "winreg", "winsound"], "it is of Windows")
REASONS |= {
    "bz2": REASONS["_bz2"],
    "ctypes": REASONS["_ctypes"],
    "lzma": REASONS["_lzma"],
    "curses": REASONS["termios"],
    "pty": REASONS["termios"],
    "tty": REASONS["termios"],
    "turtle": REASONS["tkinter"],
}

#: What every interpreter has imported before a program's first line.
AT_START = frozenset(sys.modules) | {
    "capsule",
    "capsule_engine",
    "wit_world",
    *sys.builtin_module_names,
}

missing: dict[str, str] = {}


def import_all() -> None:
    """Imports every module that can be imported, and remembers why others cannot."""
    _complete_os()
    with warnings.catch_warnings(), kept_code.recording():
        warnings.simplefilter("ignore")
        for name in sorted(sys.stdlib_module_names - NOT_IMPORTED):
            _import(name)
            module = sys.modules.get(name)
            if module is not None and hasattr(module, "__path__"):
                for info in pkgutil.walk_packages(module.__path__, f"{name}.", onerror=_ignore):
                    if not _is_program(info.name):
                        _import(info.name)
    kept_code.keep("this")
    sys.meta_path += [kept_code.Finder(), Missing()]


def _complete_os() -> None:
    """What packages import from ``os`` without asking whether it is there."""

    def system(command: Any) -> NoReturn:
        raise OSError(errno.ENOTSUP, "a sandbox starts no processes")

    def user() -> int:
        return 1000

    os.system = system
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        setattr(os, name, user)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except BaseException as error:
        missing[name] = REASONS.get(name) or f"not available in a sandbox ({error})"


def _ignore(name: str) -> None:
    """A package that cannot be imported was remembered already."""


def _is_program(name: str) -> bool:
    parts = name.split(".")
    return parts[-1] == "__main__" or "test" in parts or "tests" in parts or "idle_test" in parts


class Missing:
    """The last resort of imports: says why a module of the standard library is not there."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        reason = missing.get(name) or REASONS.get(name)
        if reason is None:
            return None
        raise ModuleNotFoundError(f"No module named {name!r}: {reason}", name=name)
