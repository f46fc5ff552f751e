"""Runs a task of a program, once."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from .._envelope import Envelope
from .request.request import Budget, Grants, Secret, TaskLimits
from .steps import drive, drive_async, run_steps
from .worker.waiting import EventListener


async def run(
    *,
    file: str | os.PathLike[str] | None = None,
    code: str | None = None,
    language: Literal["python", "typescript", "javascript"] | None = None,
    task: str = "main",
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
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
    stdin: str | bytes | None = None,
    capture: bool = False,
    on_event: EventListener | None = None,
) -> Envelope[Any]:
    """Runs a task of a program in a sandbox. What goes wrong in the task is in the envelope.

        envelope = await run(file="sandbox.py", args=["1 + 1"])
        print(envelope["result"] if envelope["success"] else envelope["error"]["message"])

    Cancelling the ``asyncio`` task, or ``asyncio.timeout`` around it, cancels the run, whatever it
    is at; it is over when ``CancelledError`` is raised here.

    Args:
        file: A ``.py``, ``.ts`` or ``.js`` file, or a ``.wasm`` that ``capsule build`` made,
            relative to ``cwd``.
        code: The program itself, instead of a file.
        language: The language of ``code``.
        task: The task to run.
        args: Its arguments: whatever JSON can hold, and bytes.
        kwargs: Its keyword arguments, if it is written in Python.
        mounts: Folders that all tasks may touch besides their own: ``HOST[::GUEST][:ro|:rw]``, HOST
            relative to the project's root.
        env: Environment variables that win over ``os.environ``. A task sees those alone that its
            ``env_variables``, or those of ``grants``, name.
        cwd: The folder that relative paths start from: the current one by default.
        policy: Whether tasks get the files, hosts and variables that they declare:
            ``"declared"``, for programs whose author one trusts, or ``"none"``. The default is
            ``"declared"`` for a source file, and ``"none"`` for ``code`` and for a ``.wasm``.
        grants: What all tasks may reach besides: ``allowed_files``, ``allowed_hosts`` and
            ``env_variables``. Under the policy ``"none"``, this is all that there is.
        secrets: Values that the host puts into headers of requests, by the variables that stand for
            them: tasks have a placeholder there, whatever they list, and never the value.
        limits: What each task may use at most, and what one gets that says nothing: ``compute``,
            ``ram``, ``timeout`` and ``max_retries``. Under the policy ``"none"`` their defaults
            are ``HIGH``, 512 MB, 30 s and no retries.
        packages: Which packages a program may import: those of the ``"host"``, which are the ones
            that this interpreter finds (its environment, ``--user``, ``PYTHONPATH``, editable
            installs), and ``node_modules`` of ``cwd``; those of a folder; or ``False``, for none.
            By default those of its project; under the policy ``"none"`` for text the
            ``"host"``'s, and for a file those that lie in the file's own folder.
        budget: What the run may use in all, its sub-tasks and retries included: each a ceiling for
            what ``capsule.toml`` says.
        seed: Makes randomness deterministic: the same seed, program and arguments give the same
            random bytes each time. Sub-tasks and retries each get bytes of their own. From 0 to
            2**53 - 1.
        now: The time at which the clocks of tasks start: a ``datetime`` with a time zone, to the
            millisecond, or text with one, ``"2026-01-31T12:00:00Z"``. They advance by what tasks
            sleep, and by 10 µs at each reading. Time limits use the real clock.
        labels: Labels that the command line keeps with the run in the trace: at most 16, of at most
            64 characters. Here there is no trace: they are only checked.
        stdin: What the task reads from its standard input.
        capture: Whether the envelope tells as ``stdout`` and ``stderr`` what was printed: each at
            most 1 MiB, then cut and marked.
        on_event: Hears of what happens, in the event loop's thread. What it raises ends the run
            and is raised here.

    Returns:
        The envelope: ``success``, and either ``result`` or ``error``; times in milliseconds, memory
        in bytes.

    Raises:
        CapsuleError: for mistakes on the host's side: no such file, a bad option, no task of
            the name that is given. Its ``code`` tells which.
    """
    return await drive_async(run_steps(locals()))


def run_sync(
    *,
    file: str | os.PathLike[str] | None = None,
    code: str | None = None,
    language: Literal["python", "typescript", "javascript"] | None = None,
    task: str = "main",
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
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
    stdin: str | bytes | None = None,
    capture: bool = False,
    on_event: EventListener | None = None,
) -> Envelope[Any]:
    """Like ``run``, for programs without an event loop: waits for the envelope.

        envelope = run_sync(file="sandbox.py", args=["1 + 1"])

    Any number of threads may do so at once. ``on_event`` is called in the thread that waits;
    Ctrl-C there cancels the run.

    Raises:
        CapsuleError: as ``run``.
    """
    return drive(run_steps(locals()))
