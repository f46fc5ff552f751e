"""Loads a program and keeps it warm for many calls."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from .._envelope import Envelope
from .opened import Opened
from .request.request import Budget, Call, Grants, Secret, TaskLimits
from .steps import drive, drive_async
from .worker.waiting import EventListener


class Program:
    """An open program: calls start at once. Close it when it is no longer needed.

    Several event loops may use it. After a fork or the end of the worker process, it is loaded
    again when needed.
    """

    def __init__(self, opened: Opened) -> None:
        """For ``open``."""
        self._opened = opened

    @property
    def tasks(self) -> list[str]:
        """The names of the program's tasks."""
        return [*self._opened.tasks]

    async def call(
        self,
        task: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        stdin: str | bytes | None = None,
        capture: bool = False,
        limits: TaskLimits | None = None,
        seed: int | None = None,
        now: datetime | str | None = None,
        on_event: EventListener | None = None,
    ) -> Envelope[Any]:
        """Runs a task in a fresh sandbox. Cancelled as ``run`` is.

        Args:
            task: Its name.
            args: Its arguments: JSON values and bytes.
            kwargs: Its keyword arguments, if it is written in Python.
            stdin: Its standard input: empty by default.
            capture: Whether the envelope returns what was printed, as with ``run``.
            limits: The most that each task may use in this call. Limits of the program that are
                lower stay in force.
            seed: As in ``run``, for this call. It does not change what top-level code drew.
            now: As in ``run``, for this call.
            on_event: Called with each event of this call, in the event loop's thread.

        Raises:
            CapsuleError: ``task_not_found``; ``invalid_argument`` for arguments that JSON cannot
                hold, or when the program is closed.
        """
        call = Call(task, args, kwargs, stdin, capture, limits, seed, now)
        return await drive_async(self._opened.call_steps(call, on_event))

    def close(self) -> None:
        """Closes the program. Calls in progress continue."""
        self._opened.close()

    async def __aenter__(self) -> Program:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()


class SyncProgram:
    """Like ``Program``, for programs without an event loop. Threads may share it."""

    def __init__(self, opened: Opened) -> None:
        """For ``open_sync``."""
        self._opened = opened

    @property
    def tasks(self) -> list[str]:
        """The names of the program's tasks."""
        return [*self._opened.tasks]

    def call(
        self,
        task: str,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] | None = None,
        *,
        stdin: str | bytes | None = None,
        capture: bool = False,
        limits: TaskLimits | None = None,
        seed: int | None = None,
        now: datetime | str | None = None,
        on_event: EventListener | None = None,
    ) -> Envelope[Any]:
        """Runs a task in a fresh sandbox and waits for the envelope. Ctrl-C cancels it.

        Args:
            task: Its name.
            args: Its arguments: JSON values and bytes.
            kwargs: Its keyword arguments, if it is written in Python.
            stdin: Its standard input: empty by default.
            capture: Whether the envelope returns what was printed, as with ``run``.
            limits: The most that each task may use in this call. Limits of the program that are
                lower stay in force.
            seed: As in ``run``, for this call. It does not change what top-level code drew.
            now: As in ``run``, for this call.
            on_event: Called with each event of this call, in this thread.

        Raises:
            CapsuleError: as ``Program.call``.
        """
        call = Call(task, args, kwargs, stdin, capture, limits, seed, now)
        return drive(self._opened.call_steps(call, on_event))

    def close(self) -> None:
        """Closes the program. Calls in progress continue."""
        self._opened.close()

    def __enter__(self) -> SyncProgram:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Opening:
    """The result of ``open``: await it, or use it in ``async with``."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """For ``open``."""
        self._options = options
        self._program: Program | None = None

    def __await__(self) -> Generator[Any, Any, Program]:
        return self._open().__await__()

    async def __aenter__(self) -> Program:
        self._program = await self._open()
        return self._program

    async def __aexit__(self, *_: object) -> None:
        if self._program is not None:
            self._program.close()

    async def _open(self) -> Program:
        opened = Opened(self._options)
        await drive_async(opened.open_steps(self._options["on_event"]))
        return Program(opened)


def open(
    *,
    file: str | os.PathLike[str] | None = None,
    code: str | None = None,
    language: Literal["python", "typescript", "javascript"] | None = None,
    mounts: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    policy: Literal["declared", "none"] | None = None,
    grants: Grants | None = None,
    secrets: Mapping[str, Secret] | None = None,
    limits: TaskLimits | None = None,
    packages: str | os.PathLike[str] | Literal[False] | None = None,
    budget: Budget | None = None,
    seed: int | None = None,
    now: datetime | str | None = None,
    labels: Sequence[str] | None = None,
    on_event: EventListener | None = None,
) -> Opening:
    """Loads a program and keeps it warm for many calls.

        async with capsule.open(file="sandbox.py") as program:
            first = await program.call("main", ["1 + 1"])
            second = await program.call("main", ["2 + 2"])

    ``program = await capsule.open(…)`` is the same without a block: ``program.close()`` ends it.

    Args:
        file: As in ``run``.
        code: The program itself, instead of a file.
        language: The language of ``code``.
        mounts: Folders that all tasks may use in addition to what they declare.
        env: Environment variables that override ``os.environ``.
        cwd: The working directory for relative paths: the process's by default.
        policy: Whether tasks get what they declare.
        grants: Access for all tasks, in addition to what the policy gives them.
        secrets: Values that the host puts into headers of requests.
        limits: The most that each task may use, and the defaults for tasks without limits.
        packages: Which packages a program may import.
        budget: The most that each call may use, with all sub-tasks.
        seed: As in ``run``, for top-level code and for calls without a seed of their own.
        now: As in ``run``, for top-level code and for calls without a time of their own.
        labels: As in ``run``.
        on_event: Called with each event while the program is loaded.

    Raises:
        CapsuleError: for mistakes on the host's side, when it is awaited: no such file, a
            bad option; ``invalid_program`` for what is wrong with the program itself.
    """
    return Opening(dict(locals()))


def open_sync(
    *,
    file: str | os.PathLike[str] | None = None,
    code: str | None = None,
    language: Literal["python", "typescript", "javascript"] | None = None,
    mounts: Sequence[str] = (),
    env: Mapping[str, str] | None = None,
    cwd: str | os.PathLike[str] | None = None,
    policy: Literal["declared", "none"] | None = None,
    grants: Grants | None = None,
    secrets: Mapping[str, Secret] | None = None,
    limits: TaskLimits | None = None,
    packages: str | os.PathLike[str] | Literal[False] | None = None,
    budget: Budget | None = None,
    seed: int | None = None,
    now: datetime | str | None = None,
    labels: Sequence[str] | None = None,
    on_event: EventListener | None = None,
) -> SyncProgram:
    """Like ``open``, for programs without an event loop.

        with capsule.open_sync(file="sandbox.py") as program:
            envelope = program.call("main", ["1 + 1"])

    Raises:
        CapsuleError: as ``open``.
    """
    opened = Opened(dict(locals()))
    drive(opened.open_steps(on_event))
    return SyncProgram(opened)
