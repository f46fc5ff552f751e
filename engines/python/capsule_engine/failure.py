"""Converts an exception of a program into a failure for the host."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from json import dumps
from os.path import dirname
from types import TracebackType
from typing import TYPE_CHECKING, Any

from capsule import task
from capsule_engine import access
from capsule_engine.serialize import InvalidResult

# Where componentize-py put the engine and the SDK: tracebacks leave their frames out.
ENGINE = (dirname(__file__), dirname(task.__code__.co_filename))
STANDARD_LIBRARY = f"{dirname(traceback.__file__)}/"
#: The first line of a traceback.
HEADER = "Traceback (most recent call last):"

#: The longest message or stack, and the longest name.
CHARACTERS = 16_000
NAME_CHARACTERS = 200

if TYPE_CHECKING:
    from capsule_engine.program import Program


class Failure:
    """An exception, seen from the program that raised it."""

    def __init__(self, error: BaseException, program: Program | None) -> None:
        self._error = error
        self._program = program

    def as_json(self) -> str:
        """For a task. Never raises, even if methods of the exception do."""
        return _safely(self._of_task)

    def while_loading(self) -> str:
        """For top-level code: the message begins with file, line and column."""
        return _safely(self._of_load)

    def _of_task(self) -> str:
        error = self._error
        if issubclass(type(error), InvalidResult):
            return dumps({"kind": "invalid_result", "message": _text(lambda: error)})
        name = _text(lambda: type(error).__name__, NAME_CHARACTERS)
        return self._json(name, _text(lambda: error) + _outside_hint(error), self._stack())

    def _of_load(self) -> str:
        line = _text(lambda: traceback.format_exception_only(self._error)[-1].strip())
        # The message says already what the stack ends with.
        stack = self._stack().removesuffix(line).rstrip().removesuffix(HEADER)
        return self._json("", f"{_text(self._place, NAME_CHARACTERS)}{line}", stack)

    def _json(self, name: str, message: str, stack: str) -> str:
        failure: dict[str, Any] = {
            "kind": "task_error",
            "name": name,
            "message": message,
            "stack": stack,
            "out_of_memory": issubclass(type(self._error), MemoryError),
        }
        return dumps(failure)

    def _stack(self) -> str:
        """The traceback, without the frames of the engine and of the SDK."""
        try:
            shown = traceback.TracebackException.from_exception(self._error)
            _drop_engine_frames(shown)
            if issubclass(type(self._error), SyntaxError) and not shown.stack:
                return _clipped("".join(shown.format_exception_only()).rstrip(), CHARACTERS)
        except BaseException:
            return ""
        try:
            return _clipped("".join(shown.format()).rstrip(), CHARACTERS)
        except BaseException:
            # An exception may be unprintable.
            return _text(lambda: "".join(shown.stack.format()).rstrip())

    def _is_of_program(self, frame: TracebackType) -> bool:
        return (
            self._program is not None and frame.tb_frame.f_code.co_filename in self._program.sources
        )

    def _place(self) -> str:
        error = self._error
        if issubclass(type(error), SyntaxError) and error.filename:
            return f"{error.filename}:{error.lineno or 1}:{error.offset or 1}: "
        last = None
        frames = error.__traceback__
        while frames is not None:
            if self._is_of_program(frames):
                last = frames
            frames = frames.tb_next
        if last is None:
            return ""
        positions = list(last.tb_frame.f_code.co_positions())
        line, _, column, _ = positions[last.tb_lasti // 2]
        return f"{last.tb_frame.f_code.co_filename}:{line or last.tb_lineno}:{(column or 0) + 1}: "


def _outside_hint(error: BaseException) -> str:
    """The option that gives a missing file, if that may be one of the host."""
    try:
        if isinstance(error, FileNotFoundError) and access.is_outside(error.filename):
            hint = "allowed_files, grants.allowed_files or a mount gives one"
            return f" (the task was given no folder that holds it: {hint})"
    except BaseException:
        pass
    return ""


def _drop_engine_frames(shown: traceback.TracebackException) -> None:
    # The engine called these: the program's own files come first.
    first = next((i for i, f in enumerate(shown.stack) if not _is_engines(f.filename)), None)
    shown.stack[:] = [] if first is None else shown.stack[first:]
    chain, seen = [shown], set()
    while chain:
        part = chain.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(ENGINE)]
        chain += [part.__cause__, part.__context__, *(part.exceptions or [])]


def _is_engines(filename: str) -> bool:
    return filename.startswith((*ENGINE, STANDARD_LIBRARY))


def _safely(get: Callable[[], str]) -> str:
    try:
        return get()
    except BaseException:
        return '{"kind": "task_error", "message": "raised what cannot be shown"}'


def _text(get: Callable[[], object], characters: int = CHARACTERS) -> str:
    """Text from a program's own classes, whose methods may raise anything."""
    try:
        return _clipped(str(get()), characters)
    except BaseException:
        return "(its text cannot be shown)"


def _clipped(text: str, characters: int) -> str:
    """The beginning of a text, and how much is missing. Lone surrogates have no UTF-8."""
    kept = text[:characters].encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    more = len(text) - characters
    return f"{kept}… ({more} characters more)" if more > 0 else kept
