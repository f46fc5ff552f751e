"""Requests to the worker, made from the arguments of `run` and `open`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict, TypeVar

from ..._errors import CapsuleError
from ..._payload import encode
from ..worker.exchange import Exchange
from .options import check_program
from .packages import VARIABLE, package_path

T = TypeVar("T")


class FolderAccess(TypedDict, total=False):
    """A folder and its access: ``{"path": "./data", "mode": "read-only"}``."""

    path: str
    mode: Literal["read-only", "ro", "read-write", "rw"]
    #: Makes its ``.git`` readable. Without this, ``.git`` does not exist for tasks.
    git: Literal["ro"]


class GrantedFolder(FolderAccess, total=False):
    """A folder that the host grants: ``{"path": "/srv/up-17", "as": "in", "mode": "ro"}``.

    ``path`` is relative to the host's project, or absolute. ``as`` is where tasks see it; by
    default that is its own path.
    """


class Grants(TypedDict, total=False):
    """Access for every task, in addition to what the policy gives."""

    #: Like ``allowed_files`` of a task. A folder may be absolute, and have another name for tasks.
    allowed_files: Sequence[str | GrantedFolder | Mapping[str, str]]
    #: Like ``allowed_hosts`` of a task.
    allowed_hosts: Sequence[str]
    #: Like ``env_variables`` of a task.
    env_variables: Sequence[str]


class _SecretValue(TypedDict):
    #: The value: text that a header can hold.
    value: str
    #: The hosts that it may be sent to, written like ``allowed_hosts``. This does not grant them.
    hosts: Sequence[str]


class Secret(_SecretValue, total=False):
    """A value that tasks can use without seeing it: the host puts it into request headers."""

    #: The headers that may contain it: ``authorization``, ``x-api-key`` and ``api-key`` by default.
    headers: Sequence[str]


class TaskLimits(TypedDict, total=False):
    """The most that each task and sub-task may use.

    All but ``max_retries`` are also the defaults for tasks that set no limit of their own. A limit
    that is missing does not apply, except under the policy ``"none"``: there the defaults are
    ``HIGH``, 512 MB, 30 s and no retries.
    """

    #: Units of fuel: ``"LOW"``, ``"MEDIUM"``, ``"HIGH"`` or a number.
    compute: str | int
    #: Memory: ``"64MB"``, ``"1.5 GB"`` or a number of bytes.
    ram: str | int
    #: Wall time: ``"500ms"``, ``"30s"``, ``"5m"`` or a number of milliseconds.
    timeout: str | float
    #: How often a failed task is tried again, at most.
    max_retries: int


class Budget(TypedDict, total=False):
    """The most that a whole run may use, with all sub-tasks and retries.

    Sizes are ``"512MB"``, ``"1.5 GB"`` or a number of bytes.
    """

    #: Units of fuel: ``"LOW"``, ``"MEDIUM"``, ``"HIGH"`` or a number. No limit by default.
    compute: str | int
    #: Wall time from the start of the task to the end of all that it started: ``"30s"``, or
    #: milliseconds. No limit by default.
    timeout: str | float
    #: Memory of all tasks together: the program's image once, what live tasks have written or
    #: grown, and data that the host holds for them. The default is 4 GB.
    ram: str | int
    #: Tasks alive at the same time. The default is 1,000, 10,000 the most.
    tasks_alive: int
    #: Tasks in all; each retry counts as one. The default is 100,000, 10 million the most.
    tasks: int
    #: How deep tasks may call each other. The default is 64, 256 the most.
    task_depth: int
    #: The arguments of a task, and its result: their JSON and their bytes. The default is 64 MB,
    #: 256 MB the most.
    json_size: str | int
    #: The output of a task. The default is 64 MB, 256 MB the most.
    output_size: str | int
    #: Operations that a task may have open. The default is 10,000, 100,000 the most.
    handles: int
    #: Requests of a task to hosts. The default is 1,000, 100,000 the most.
    requests: int
    #: The body of a response. The default is 64 MB, 256 MB the most.
    body_size: str | int


class Call(NamedTuple):
    """A call of a task of a program that is open."""

    task: str
    args: Sequence[Any]
    kwargs: Mapping[str, Any] | None
    stdin: str | bytes | None
    capture: bool
    limits: TaskLimits | None
    seed: int | None = None
    now: datetime | str | None = None


_GRANT_KEYS = {
    "allowed_files": "allowedFiles",
    "allowed_hosts": "allowedHosts",
    "env_variables": "envVariables",
}
_LIMIT_KEYS = {
    "compute": "compute",
    "ram": "ram",
    "timeout": "timeout",
    "max_retries": "maxRetries",
}
_BUDGET_KEYS = {
    "compute": "compute",
    "timeout": "timeout",
    "ram": "ram",
    "tasks_alive": "tasksAlive",
    "tasks": "tasks",
    "task_depth": "taskDepth",
    "json_size": "jsonSize",
    "output_size": "outputSize",
    "handles": "handles",
    "requests": "requests",
    "body_size": "bodySize",
}


_KEYS = {"grants": _GRANT_KEYS, "limits": _LIMIT_KEYS, "budget": _BUDGET_KEYS}


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


def call_request(program: int, call: Call, *, observe: bool) -> Exchange:
    """Asks for a call of a task of a program that is open.

    Raises:
        CapsuleError: ``invalid_argument``, for what JSON cannot hold.
    """
    task, args, kwargs, stdin, capture, limits, seed, now = call
    given = {"args": args} if kwargs is None else {"args": args, "kwargs": kwargs}
    payload, data = _encode(given)
    header: dict[str, Any] = {
        "type": "call",
        "program": program,
        "task": task,
        "observe": observe,
    }
    fixed = {name: value for name, value in (("seed", seed), ("now", now)) if value is not None}
    if stdin is not None or capture or limits is not None or fixed:
        header["detailed"] = True
        details: dict[str, Any] = {"input": payload, "capture": capture, **fixed}
        if stdin is not None:
            details["stdin"] = _stdin(stdin)
        if limits is not None:
            details["limits"] = _renamed("limits", limits, _LIMIT_KEYS)
        payload = _options(details)
    return Exchange(header, payload.encode(), data=data)


def _program_request(type: str, options: Mapping[str, Any]) -> Exchange:
    given = check_program(options)
    observe = given.pop("on_event", None) is not None
    data = b""
    given["cwd"] = _folder(given.get("cwd"))
    given["environment"] = _environment()
    if type == "run":
        call = {name: given.pop(name) for name in ("args", "kwargs") if name in given}
        # As text: the worker hands it on as it is written here.
        given["input"], data = _encode(call)
    for option, keys in _KEYS.items():
        if isinstance(given.get(option), Mapping):
            given[option] = _renamed(option, given[option], keys)
    if "stdin" in given:
        given["stdin"] = _stdin(given["stdin"])
    header = {"type": type, "observe": observe}
    return Exchange(header, _options(given).encode(), data=data)


def _stdin(stdin: str | bytes) -> str:
    """Standard input as the worker takes it: each character is a byte."""
    return (stdin.encode() if isinstance(stdin, str) else bytes(stdin)).decode("latin-1")


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
    environment[VARIABLE] = package_path()
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


def _encode(call: object) -> tuple[str, bytes]:
    """Arguments as a sandbox takes them."""
    return _unicode(call, encode, lambda encoded: encoded[0])


def _options(options: object) -> str:
    """Options as JSON. Unlike arguments they hold no bytes."""
    return _unicode(options, json.dumps, str)


def _unicode(value: object, write: Callable[..., T], text: Callable[[T], str]) -> T:
    try:
        written = write(value, separators=(",", ":"), allow_nan=False, ensure_ascii=False)
        try:
            text(written).encode()
        except UnicodeEncodeError:
            # Lone surrogates alone are escaped: the size of escapes would count.
            written = write(value, separators=(",", ":"), allow_nan=False)
        return written
    except (TypeError, ValueError, RecursionError) as error:
        message = f"the arguments have no JSON: {error}"
        raise CapsuleError("invalid_argument", message) from error
