"""The decorator, and calls of what it decorates."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from ._envelope import Envelope

P = ParamSpec("P")
R = TypeVar("R")


class TaskFuture(Protocol[R]):
    """A call of a task that has started."""

    def result(self, timeout: float | None = None) -> Envelope[R]:
        """Waits for the envelope.

        Raises:
            TimeoutError: when ``timeout`` seconds passed first. The task goes on.
            concurrent.futures.CancelledError: after ``cancel``.
        """
        ...

    def done(self) -> bool:
        """Whether ``result`` would return at once."""
        ...

    def cancel(self) -> bool:
        """Ends the task. False when it has ended already."""
        ...


class Backend(Protocol):
    """Runs calls. There is one in a sandbox, where a call is a sub-task, and one on the host."""

    def declare(self, task: Task[Any, Any]) -> None:
        """Learns of a task when it is declared."""
        ...

    def call(self, task: Task[Any, Any], args: tuple, kwargs: dict) -> Envelope[Any]:
        """Starts a call and waits for it."""
        ...

    def submit(self, task: Task[Any, Any], args: tuple, kwargs: dict) -> TaskFuture[Any]:
        """Starts a call."""
        ...

    async def aio(self, task: Task[Any, Any], args: tuple, kwargs: dict) -> Envelope[Any]:
        """Starts a call and awaits it."""
        ...


class Task(Generic[P, R]):
    """A function that is declared as a task.

    **Called on the host, it is not sandboxed**: the plain function runs in the host's process,
    without limits, and ``execution["sandboxed"]`` of the envelope is False. Called by a program
    that runs in a sandbox, it runs in a new sandbox of its own.

    A failure is contained: every call gives an envelope, nothing is raised. The function itself is
    ``__wrapped__``.
    """

    __wrapped__: Callable[P, Any]

    def __init__(self, function: Callable[P, Any], name: str, options: dict[str, Any]) -> None:
        functools.update_wrapper(self, function)
        self.name = name
        self.options = options

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Envelope[R]:
        """Runs the task and waits for its envelope. On the host, it is not sandboxed."""
        return backend().call(self, args, kwargs)

    def submit(self, *args: P.args, **kwargs: P.kwargs) -> TaskFuture[R]:
        """Starts the task. ``result()`` of what this returns waits for the envelope."""
        return backend().submit(self, args, kwargs)

    def map(self, items: Iterable[Any]) -> list[Envelope[R]]:
        """Runs the task once for each item, side by side. The envelopes are in the items' order."""
        futures = [backend().submit(self, (item,), {}) for item in items]
        return [future.result() for future in futures]

    def aio(self, *args: P.args, **kwargs: P.kwargs) -> Awaitable[Envelope[R]]:
        """Runs the task inside an asyncio event loop."""
        return backend().aio(self, args, kwargs)

    def __repr__(self) -> str:
        return f"<task {self.name!r}>"


class _Decorator(Protocol):
    @overload
    def __call__(self, function: Callable[P, Awaitable[R]], /) -> Task[P, R]: ...
    @overload
    def __call__(self, function: Callable[P, R], /) -> Task[P, R]: ...


@overload
def task(function: Callable[P, Awaitable[R]], /) -> Task[P, R]: ...
@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    name: str = ...,
    *,
    compute: str | int = "MEDIUM",
    ram: str | int = ...,
    timeout: str | float = ...,
    max_retries: int = 0,
    allowed_files: list[str | dict[str, str]] = ...,
    allowed_hosts: list[str] = ...,
    env_variables: list[str] = ...,
) -> _Decorator: ...
def task(function: Any = None, /, **options: Any) -> Any:
    """Declares a task: ``@task``, or ``@task(compute="LOW", …)``.

    **Called on the host, a task is not sandboxed**: the plain function runs in the host's process,
    with all that it may reach and without limits, and ``execution["sandboxed"]`` of its envelope is
    False. That is for tests. To run untrusted code, call ``run`` or ``open``, or the command
    ``capsule run``. Called by a program that runs in a sandbox, a task runs in a new sandbox.

    Args:
        function: What the task does, when the decorator is bare; or the task's name.
        **options: What the task may use, by these names:

            ``name``: unique in its program, the function's own by default. The entry point is
            ``main``.

            ``compute``: ``LOW`` (100 million), ``MEDIUM`` (2 billion, the default), ``HIGH``
            (50 billion), or units of WebAssembly fuel.

            ``ram``: memory, as ``"64MB"`` or a number of bytes. Unlimited (to 4 GiB) by default.

            ``timeout``: time for one attempt, as ``"30s"`` or a number of milliseconds. Unlimited
            by default.

            ``max_retries``: how often a failed attempt is tried again, 0 to 100.

            ``allowed_files``, ``allowed_hosts``, ``env_variables``: folders that the task may
            touch, hosts that it may reach, environment variables that it may read.

    The options are read once, before anything runs. Arguments and results are what JSON
    can hold, and bytes.
    """
    if isinstance(function, str):
        if "name" in options:
            raise TypeError("task() got the name of the task twice")
        function, options = None, {"name": function, **options}
    if function is None:
        return functools.partial(_declare, options=options)
    return _declare(function, options=options)


def _declare(function: Any, *, options: dict[str, Any]) -> Task[Any, Any]:
    if not callable(function):
        raise TypeError(f"@task decorates a function, not {type(function).__name__}")
    declared: Task[Any, Any] = Task(function, options.get("name", function.__name__), options)
    backend().declare(declared)
    return declared


_backend: Backend | None = None


def backend() -> Backend:
    """Whoever runs calls: the host's plain functions unless an engine said otherwise."""
    global _backend
    if _backend is None:
        from ._host import HostBackend

        _backend = HostBackend()
    return _backend


def set_backend(other: Backend) -> None:
    """Calls go to this backend from now on: the engine says so, in a sandbox."""
    global _backend
    _backend = other
