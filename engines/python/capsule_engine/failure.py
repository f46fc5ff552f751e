"""What a program raised, as the host reads it."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from json import dumps
from os.path import dirname
from types import TracebackType
from typing import TYPE_CHECKING, Any

from capsule import task
from capsule_engine.serialize import InvalidResult

# Where componentize-py put the engine and the SDK: no user wants to see their frames.
ENGINE = (dirname(__file__), dirname(task.__code__.co_filename))

if TYPE_CHECKING:
    from capsule_engine.program import Program


class Failure:
    """An exception, seen from the program that raised it."""

    def __init__(self, error: BaseException, program: Program | None) -> None:
        self._error = error
        self._program = program

    def as_json(self) -> str:
        """For a task."""
        error = self._error
        if isinstance(error, InvalidResult):
            return dumps({"kind": "invalid_result", "message": _well_formed(str(error))})
        return self._json(_text(lambda: type(error).__name__), _text(lambda: error))

    def while_loading(self) -> str:
        """For top-level code: the message begins with file, line and column."""
        line = _text(lambda: traceback.format_exception_only(self._error)[-1].strip())
        return self._json("", f"{self._place()}{line}")

    def _json(self, name: str, message: str) -> str:
        failure: dict[str, Any] = {
            "kind": "task_error",
            "name": name,
            "message": message,
            "stack": self._stack(),
            "out_of_memory": isinstance(self._error, MemoryError),
        }
        return dumps(failure)

    def _stack(self) -> str:
        """The traceback, without the frames of the engine and of the SDK."""
        shown = traceback.TracebackException.from_exception(self._error)
        _drop_engine_frames(shown)
        try:
            return _well_formed("".join(shown.format()).rstrip())
        except BaseException:
            # An exception may be unprintable.
            return _well_formed("".join(shown.stack.format()).rstrip())

    def _is_of_program(self, frame: TracebackType) -> bool:
        return (
            self._program is not None and frame.tb_frame.f_code.co_filename in self._program.sources
        )

    def _place(self) -> str:
        error = self._error
        if isinstance(error, SyntaxError) and error.filename:
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


def _drop_engine_frames(shown: traceback.TracebackException) -> None:
    chain, seen = [shown], set()
    while chain:
        part = chain.pop()
        if part is None or id(part) in seen:
            continue
        seen.add(id(part))
        part.stack[:] = [frame for frame in part.stack if not frame.filename.startswith(ENGINE)]
        chain += [part.__cause__, part.__context__, *(part.exceptions or [])]


def _text(get: Callable[[], object]) -> str:
    """What a program's own classes give as text: they may raise anything."""
    try:
        return _well_formed(str(get()))
    except BaseException:
        return "(its text cannot be shown)"


def _well_formed(text: str) -> str:
    """Text with lone surrogates replaced: UTF-8 has none."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
