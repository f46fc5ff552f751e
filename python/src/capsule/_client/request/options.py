"""Checks the arguments of `run`, `open` and `Program.call` before anything is sent."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from ..._errors import CapsuleError

_LANGUAGES = ("python", "typescript", "javascript")


def check_program(given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of `run` or of `open` that are not None, with lists and dicts as JSON has them.

    Raises:
        CapsuleError: ``invalid_argument``, naming the option.
    """
    options = {name: value for name, value in given.items() if value is not None}
    if "file" in options and "code" in options:
        raise _refused("give either file or code, not both")
    if "file" not in options and "code" not in options:
        raise _refused("give a file or code")
    if "code" in options and options.get("language") not in _LANGUAGES:
        wanted = '"python", "typescript" or "javascript"'
        if "language" not in options:
            raise _refused(f"language must be given with code: {wanted}")
        raise _refused(f"language must be {wanted}, not {options['language']!r}")
    return {name: _checked(name, value) for name, value in options.items()}


def check_call(given: Mapping[str, Any], on_event: object) -> dict[str, Any]:
    """What a call is made with, lists and dicts as JSON has them.

    Raises:
        CapsuleError: ``invalid_argument``, naming what is wrong.
    """
    if on_event is not None:
        _checked("on_event", on_event)
    needed = ("task", "args")
    return {
        name: value if value is None and name not in needed else _checked(name, value)
        for name, value in given.items()
    }


def _checked(name: str, value: Any) -> Any:
    check = _CHECKS.get(name)
    return value if check is None else check(name, value)


def _text(name: str, value: object) -> object:
    return value if isinstance(value, str) else _wrong(name, "a str", value)


def _path(name: str, value: object) -> object:
    if isinstance(value, (str, bytes, os.PathLike)):
        return os.fsdecode(value)
    return _wrong(name, "a str or os.PathLike", value)


def _list(name: str, value: object) -> object:
    # A str is a sequence too, but a mistake here.
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray, memoryview)):
        return [*value]
    return _wrong(name, "a list", value)


def _texts(name: str, value: object) -> object:
    items = _list(name, value)
    assert isinstance(items, list)
    for at, item in enumerate(items):
        _text(f"{name}[{at}]", item)
    return items


def _dict(name: str, value: object) -> object:
    if not isinstance(value, Mapping):
        return _wrong(name, "a dict", value)
    for key in value:
        if not isinstance(key, str):
            raise _refused(f"{name}: its keys must be str, not {_kind(key)} ({key!r})")
    return dict(value)


def _variables(name: str, value: object) -> object:
    variables = _dict(name, value)
    assert isinstance(variables, dict)
    for key, item in variables.items():
        _text(f"{name}[{key!r}]", item)
    return variables


def _packages(name: str, value: object) -> object:
    if value is False or isinstance(value, (str, os.PathLike)):
        return value if value is False else os.fsdecode(value)
    return _wrong(name, 'a folder (str or os.PathLike), "host" or False', value)


def _input(name: str, value: object) -> object:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return value
    if not isinstance(value, str):
        return _wrong(name, "str or bytes", value)
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise _refused(f"{name} has no UTF-8: {error.reason}") from error


def _seed(name: str, value: object) -> object:
    # True is an int too, but a mistake here.
    if isinstance(value, int) and not isinstance(value, bool):
        if 0 <= value < 2**53:
            return int(value)
        raise _refused(f"{name} must be a whole number from 0 to 2**53 - 1")
    return _wrong(name, "an int", value)


def _now(name: str, value: object) -> object:
    """The time as text, which the worker parses."""
    if isinstance(value, str):
        return value
    if not isinstance(value, datetime):
        return _wrong(name, "a datetime or a str", value)
    if value.utcoffset() is None:
        zone = "datetime.now(timezone.utc), for instance, has one"
        raise _refused(f"{name}: the datetime has no time zone: {zone}")
    try:
        moment = value.astimezone(timezone.utc).replace(tzinfo=None)
    except OverflowError:
        raise _refused(f"{name}: {value} is not between 1970 and 2261") from None
    return moment.isoformat(timespec="milliseconds") + "Z"


def _flag(name: str, value: object) -> object:
    return value if isinstance(value, bool) else _wrong(name, "True or False", value)


def _listener(name: str, value: object) -> object:
    if not callable(value):
        return _wrong(name, "a function", value)
    # The coroutine would never run.
    if inspect.iscoroutinefunction(value) or inspect.iscoroutinefunction(type(value).__call__):
        raise _refused(f"{name} must be a plain function: events are not awaited")
    return value


_CHECKS: dict[str, Callable[[str, Any], object]] = {
    "file": _path,
    "code": _text,
    "task": _text,
    "args": _list,
    "kwargs": _dict,
    "mounts": _texts,
    "env": _variables,
    "cwd": _path,
    "packages": _packages,
    "grants": _dict,
    "secrets": _dict,
    "limits": _dict,
    "budget": _dict,
    "seed": _seed,
    "now": _now,
    "labels": _texts,
    "stdin": _input,
    "capture": _flag,
    "on_event": _listener,
}


def _wrong(name: str, wanted: str, value: object) -> object:
    raise _refused(f"{name} must be {wanted}, not {_kind(value)}")


def _kind(value: object) -> str:
    return type(value).__name__


def _refused(problem: str) -> CapsuleError:
    return CapsuleError("invalid_argument", problem)
