"""What happens while a program is loaded and its tasks run."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from .exchange import Answer
from .frames import Frame

Language = Literal["javascript", "python"]


class EventError(TypedDict):
    """Why a task or an attempt failed."""

    error_type: str
    message: str


class ProgramCompiling(TypedDict):
    """A file is compiled: it has changed, or was never run."""

    type: Literal["program_compiling"]


class ProgramLoading(TypedDict):
    """A program is being loaded."""

    type: Literal["program_loading"]
    language: Language


class EngineCompiling(TypedDict):
    """The engine of a language is compiled to machine code: once a machine, some seconds."""

    type: Literal["engine_compiling"]
    language: Language


class EngineCompiled(TypedDict):
    """The engine has been compiled."""

    type: Literal["engine_compiled"]
    language: Language
    duration_ms: float


class CacheUnavailable(TypedDict):
    """A compiled engine cannot be cached: the next process compiles it again."""

    type: Literal["cache_unavailable"]
    reason: str
    hint: str


class AccessWithheld(TypedDict):
    """Access that tasks declare and that the caller does not grant."""

    type: Literal["access_withheld"]
    hosts: list[str]
    files: list[str]
    env: list[str]


class ClippedLimit(TypedDict):
    """A limit that was lowered, in units of fuel, bytes, milliseconds or times."""

    task: str
    option: Literal["compute", "ram", "timeout", "maxRetries"]
    declared: float
    limit: float


class LimitsClipped(TypedDict):
    """Limits of tasks that ``limits`` has lowered: at most 100 are listed."""

    type: Literal["limits_clipped"]
    limits: list[ClippedLimit]


class Output(TypedDict):
    """A task has printed something."""

    type: Literal["output"]
    task: int
    stream: Literal["stdout", "stderr"]
    data: bytes


class TaskStarted(TypedDict):
    """A task has started. ``parent`` is the number of the task that called it."""

    type: Literal["task_started"]
    task: int
    parent: int | None
    name: str


class TaskRetried(TypedDict):
    """An attempt has failed and another one starts. The first attempt is 1."""

    type: Literal["task_retried"]
    task: int
    attempt: int
    duration_ms: float
    fuel_consumed: int
    ram_used: int
    error: EventError


class TaskFinished(TypedDict):
    """A task has ended. ``error`` is None if it succeeded."""

    type: Literal["task_finished"]
    task: int
    name: str
    duration_ms: float
    retries: int
    fuel_consumed: int
    ram_used: int
    error: EventError | None


#: What happens while a program is loaded and its tasks run. Tasks are numbered within their run.
RunEvent = (
    ProgramCompiling
    | ProgramLoading
    | EngineCompiling
    | EngineCompiled
    | CacheUnavailable
    | AccessWithheld
    | LimitsClipped
    | Output
    | TaskStarted
    | TaskRetried
    | TaskFinished
)

_NAMES = {"durationMs": "duration_ms", "fuelConsumed": "fuel_consumed", "ramUsed": "ram_used"}


def event_of(frame: Answer) -> Any:
    """The ``RunEvent`` in a frame."""
    assert isinstance(frame, Frame)
    event = {_NAMES.get(name, name): value for name, value in frame.header["event"].items()}
    if event["type"] == "output":
        event["data"] = frame.payload
    return event
