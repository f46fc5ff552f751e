"""Names of ``capsule-run``, for host code written for it: docs/from-capsule-run.md."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any, TypedDict

from .._envelope import Envelope, EnvelopeError, Execution
from .run import run

#: ``Envelope`` of any result.
RunnerResult = Envelope[Any]
ExecutionInfo = Execution
ErrorInfo = EnvelopeError
#: ``run`` uses a worker process anyway.
run_with_worker = run


class RunnerOptions(TypedDict, total=False):
    """Some arguments of ``run``."""

    file: str | PathLike[str]
    args: Sequence[Any]
    mounts: Sequence[str]
    cwd: str | PathLike[str] | None


async def close_all() -> None:
    """Does nothing: the worker process ends by itself, at the latest with this process."""
