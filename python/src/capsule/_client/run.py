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

    Cancelling the ``asyncio`` task, or ``asyncio.timeout`` around it, cancels the run at any point.
    The run has ended when ``CancelledError`` is raised here.

    Args:
        file: A ``.py``, ``.ts`` or ``.js`` file, or a ``.wasm`` that ``capsule build`` made,
            relative to ``cwd``.
        code: The program itself, instead of a file.
        language: The language of ``code``.
        task: The task to run.
        args: Its arguments: JSON values and bytes.
        kwargs: Its keyword arguments, if it is written in Python.
        mounts: Folders that all tasks may use in addition to what they declare:
            ``HOST[::GUEST][:ro|:rw]``, HOST relative to the project's root.
        env: Environment variables that override ``os.environ``. A task sees only those that its
            ``env_variables``, or those of ``grants``, name.
        cwd: The working directory for relative paths: the process's by default.
        policy: Whether tasks get the files, hosts and variables that they declare:
            ``"declared"``, for programs that you trust, or ``"none"``. The default is
            ``"declared"`` for a source file, and ``"none"`` for ``code`` and for a ``.wasm``.
        grants: Access for all tasks, in addition to what the policy gives them: ``allowed_files``,
            ``allowed_hosts`` and ``env_variables``. Under the policy ``"none"`` it is their only
            access.
        secrets: Values that the host puts into request headers, by the name of an environment
            variable. In that variable tasks see a placeholder, never the value.
        limits: The most that each task may use, and the defaults for tasks without limits:
            ``compute``, ``ram``, ``timeout`` and ``max_retries``. Under the policy ``"none"`` the
            defaults are ``HIGH``, 512 MB, 30 s and no retries.
        packages: Which packages a program may import: ``"host"``, those that this interpreter finds
            (its environment, ``--user``, ``PYTHONPATH``, editable installs) and ``node_modules``
            of ``cwd``; a folder, those in its ``.venv`` and ``node_modules``; or ``False``, none.
            The default is the project's packages; under the policy ``"none"`` it is ``"host"``
            for text, and for a file those inside its own folder.
        budget: The most that the whole run may use, with all sub-tasks and retries. Each value is
            an upper bound for ``[budget]`` of ``capsule.toml``.
        seed: Makes randomness deterministic: the same seed, program and arguments give the same
            random bytes each time. Sub-tasks and retries each get bytes of their own. From 0 to
            2**53 - 1.
        now: The time at which the clocks of tasks start: a ``datetime`` with a time zone, to the
            millisecond, or text with one, ``"2026-01-31T12:00:00Z"``. They advance by what tasks
            sleep, and by 10 µs at each reading. Time limits use the real clock.
        labels: Labels that the command line keeps with the run in the trace: at most 16, of at most
            64 characters. The API keeps no trace: it only checks them.
        stdin: Standard input of the task: empty by default.
        capture: Whether the envelope returns what was printed, as ``stdout`` and ``stderr``: each
            at most 1 MiB, then cut and marked.
        on_event: Called with each event, in the event loop's thread. An exception in it cancels
            the run and is raised here.

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
