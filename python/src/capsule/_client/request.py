"""From the arguments of `run` and `open` to what the worker is asked."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from .._errors import CapsuleError
from .exchange import Exchange


class FolderAccess(TypedDict, total=False):
    """A folder, and what may be done in it: ``{"path": "./data", "mode": "read-only"}``."""

    path: str
    mode: Literal["read-only", "ro", "read-write", "rw"]
    #: Its ``.git`` may be read: else it is not there.
    git: Literal["ro"]


class Policy(TypedDict, total=False):
    """What tasks may reach of what they declare. What is left out permits nothing."""

    #: As ``allowed_hosts`` of a task.
    allow_hosts: Sequence[str]
    #: As ``allowed_files`` of a task: relative to the project's root.
    allow_files: Sequence[str | FolderAccess]
    #: As ``env_variables`` of a task.
    allow_env: Sequence[str]


class Budget(TypedDict, total=False):
    """What a run may use in all. Sizes are ``"512MB"``, ``"1.5 GB"`` or a number of bytes."""

    #: Memory of all its tasks together: the program's image once, then what the tasks that are
    #: alive have written or grown, and what waits for them in the host. 4 GB by default.
    ram: str | int
    #: Tasks that are alive at once: 1,000 by default.
    tasks_alive: int
    #: Tasks in all: 100,000 by default.
    tasks_total: int
    #: How deep tasks may call each other: 64 by default.
    task_depth: int
    #: The arguments of a task, and its result, as JSON: 64 MB by default, 1 GB the most.
    json_size: str | int
    #: The output of a task: 64 MB by default, 1 GB the most.
    output_size: str | int
    #: Operations that a task may have open: 10,000 by default.
    handles: int
    #: Requests of a task to hosts: 1,000 by default.
    requests: int
    #: The body of a response: 64 MB by default, 1 GB the most.
    body_size: str | int


_POLICY_KEYS = {
    "allow_hosts": "allowHosts",
    "allow_files": "allowFiles",
    "allow_env": "allowEnv",
}
_BUDGET_KEYS = {
    "ram": "ram",
    "tasks_alive": "tasksAlive",
    "tasks_total": "tasksTotal",
    "task_depth": "taskDepth",
    "json_size": "jsonSize",
    "output_size": "outputSize",
    "handles": "handles",
    "requests": "requests",
    "body_size": "bodySize",
}


def run_request(options: Mapping[str, Any]) -> Exchange:
    """Asks for a run, by the arguments of ``run``.

    Raises:
        CapsuleError: ``invalid_argument``; ``file_not_found`` if there is no current folder.
    """
    return _program_request("run", options)


def open_request(options: Mapping[str, Any]) -> Exchange:
    """Asks for a program to be opened, by the arguments of ``open``.

    Raises:
        CapsuleError: as ``run_request``.
    """
    return _program_request("open", options)


def call_request(
    program: int, task: str, args: object, kwargs: object, *, observe: bool
) -> Exchange:
    """Asks for a call of a task of a program that is open.

    Raises:
        CapsuleError: ``invalid_argument``, for what JSON cannot hold.
    """
    header = {"type": "call", "program": program, "task": task, "observe": observe}
    given = {"args": args} if kwargs is None else {"args": args, "kwargs": kwargs}
    return Exchange(header, _encode(given).encode())


def _program_request(type: str, options: Mapping[str, Any]) -> Exchange:
    given = {name: value for name, value in options.items() if value is not None}
    observe = given.pop("on_event", None) is not None
    given["cwd"] = _folder(given.get("cwd"))
    given["environment"] = _environment()
    if type == "run":
        call = {name: given.pop(name) for name in ("args", "kwargs") if name in given}
        # As text: the worker hands it on as it is written here.
        given["input"] = _encode(call)
    if "file" in given:
        given["file"] = os.fsdecode(given["file"])
    if isinstance(given.get("packages"), os.PathLike):
        given["packages"] = os.fsdecode(given["packages"])
    for option, keys in (("policy", _POLICY_KEYS), ("budget", _BUDGET_KEYS)):
        if isinstance(given.get(option), Mapping):
            given[option] = _renamed(option, given[option], keys)
    return Exchange({"type": type, "observe": observe}, _encode(given).encode())


def _folder(cwd: Any) -> str:
    try:
        return os.path.abspath(os.fsdecode("" if cwd is None else cwd))
    except FileNotFoundError as error:
        message = "Cannot use the current folder: it was removed"
        raise CapsuleError("file_not_found", message) from error


def _environment() -> dict[str, str]:
    """The variables of this process, and the virtual environment that it runs in."""
    environment = dict(os.environ)
    # Programs then find the packages that their host finds, whether it was activated or not.
    if sys.prefix != sys.base_prefix:
        environment.setdefault("VIRTUAL_ENV", sys.prefix)
    if environment.get("VIRTUAL_ENV"):
        # The worker has another folder.
        environment["VIRTUAL_ENV"] = _folder(environment["VIRTUAL_ENV"])
    return environment


def _renamed(option: str, given: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """An option's members, by the names that the worker has for them."""
    for key in given:
        if key not in keys:
            known = ", ".join(keys)
            raise CapsuleError(
                "invalid_argument", f"{option}: unknown key {key!r}; there are: {known}"
            )
    return {keys[key]: value for key, value in given.items()}


def _encode(request: object) -> str:
    try:
        text = json.dumps(request, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        # Escapes are for what UTF-8 does not have, lone surrogates: they would count as arguments.
        return text if _is_unicode(text) else json.dumps(request, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the arguments have no JSON: {error}"
        raise CapsuleError("invalid_argument", message) from error


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
