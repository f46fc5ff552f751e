"""What a run of a task gives, whatever went wrong in it."""

from __future__ import annotations

import sys
from typing import Any, Generic, Literal, TypeVar

if sys.version_info >= (3, 11):
    from typing import NotRequired, TypedDict
else:
    # Generic typed dictionaries came with Python 3.11.
    from typing_extensions import NotRequired, TypedDict

R = TypeVar("R")

#: Why a task failed. The list is closed; user data never decides it.
ErrorType = Literal[
    "invalid_program",
    "task_error",
    "timeout",
    "fuel_exhausted",
    "memory_limit",
    "stack_overflow",
    "output_limit",
    "resource_limit",
    "task_limit",
    "task_not_found",
    "invalid_result",
    "invalid_module",
    "cancelled",
    "internal_error",
]


class EnvelopeError(TypedDict):
    """What went wrong in a task."""

    error_type: ErrorType
    message: str
    stack: NotRequired[str]
    #: Where a program is wrong, as its message says it, where that is known.
    file: NotRequired[str]
    line: NotRequired[int]
    column: NotRequired[int]


class Execution(TypedDict):
    """The figures of a task, all its attempts together, without its sub-tasks."""

    task_name: str
    #: False if the task was called on the host: its function ran there, without a sandbox and
    #: without limits.
    sandboxed: bool
    #: Milliseconds, to the microsecond.
    duration_ms: float
    #: Retries that took place.
    retries: int
    #: Units of WebAssembly fuel.
    fuel_consumed: int
    #: Bytes of memory and tables, of the attempt that used most.
    ram_used: int
    #: Method, address, status (None without a response) and duration of each request that left.
    #: No header, body or query value.
    host_requests: list[dict[str, Any]]


class Envelope(TypedDict, Generic[R]):
    """A result, or an error: ``success`` says which. The other is None."""

    success: bool
    result: R | None
    error: EnvelopeError | None
    #: What the task and its sub-tasks have printed, if ``capture`` was asked for.
    stdout: NotRequired[str]
    stderr: NotRequired[str]
    execution: Execution


class TaskError(Exception):
    """Raised by ``unwrap`` for a task that failed.

    Attributes:
        error_type: Why it failed: one of a closed list, as ``"timeout"``.
        message: Says the limit, or what the task raised.
        stack: The traceback inside the task, where there is one.
    """

    def __init__(self, error: EnvelopeError) -> None:
        super().__init__(error["message"])
        #: Why the task failed: one of the closed list.
        self.error_type: ErrorType = error["error_type"]
        self.message: str = error["message"]
        #: The traceback inside the task, where there is one.
        self.stack: str | None = error.get("stack")

    def __reduce__(self) -> tuple[Any, ...]:
        # Other processes raise it too. By default, __init__ would get the message alone.
        import copyreg

        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


def unwrap(envelope: Envelope[R]) -> R:
    """The result of a task that succeeded.

    Raises:
        TaskError: if the task failed.
    """
    error = envelope["error"]
    if error is not None:
        raise TaskError(error)
    return envelope["result"]  # type: ignore[return-value]  # a success may be None


def no_execution(task_name: str) -> Execution:
    """The figures of a task that never ran."""
    return {
        "task_name": task_name,
        "sandboxed": True,
        "duration_ms": 0,
        "retries": 0,
        "fuel_consumed": 0,
        "ram_used": 0,
        "host_requests": [],
    }
