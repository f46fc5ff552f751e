"""Tasks outside of a sandbox: the plain function, wrapped in an envelope with zero figures."""

from __future__ import annotations

import asyncio
import inspect
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Any, Protocol

from ._envelope import Envelope, no_execution


class Declared(Protocol):
    """A declared task: its name and the plain function."""

    name: str
    __wrapped__: Callable[..., Any]


class HostBackend:
    """Runs the function where it is called."""

    def declare(self, task: Declared) -> None:
        """Does nothing: a call passes the task itself."""

    def call(self, task: Declared, args: tuple, kwargs: dict) -> Envelope[Any]:
        """Runs the function where it is called."""
        return self.submit(task, args, kwargs).result()

    def submit(self, task: Declared, args: tuple, kwargs: dict) -> Future[Envelope[Any]]:
        """Runs the function to its end and returns a future that is done."""
        future: Future[Envelope[Any]] = Future()
        if inspect.iscoroutinefunction(task.__wrapped__):
            # A loop that runs in this thread cannot be entered again.
            with ThreadPoolExecutor(1) as thread:
                future.set_result(thread.submit(asyncio.run, self.aio(task, args, kwargs)).result())
        else:
            future.set_result(_envelope(task, lambda: task.__wrapped__(*args, **kwargs)))
        return future

    async def aio(self, task: Declared, args: tuple, kwargs: dict) -> Envelope[Any]:
        """Runs the function, and awaits its result if that is awaitable."""
        try:
            result = task.__wrapped__(*args, **kwargs)
            if inspect.isawaitable(result):
                result = await result
        except (asyncio.CancelledError, CancelledError):
            raise
        except Exception as error:
            return _failure(task, error)
        return _success(task, result)


def _envelope(task: Declared, call: Any) -> Envelope[Any]:
    try:
        return _success(task, call())
    except Exception as error:
        return _failure(task, error)


def _success(task: Declared, result: Any) -> Envelope[Any]:
    return {
        "success": True,
        "result": result,
        "error": None,
        "execution": {**no_execution(task.name), "sandboxed": False},
    }


def _failure(task: Declared, error: Exception) -> Envelope[Any]:
    return {
        "success": False,
        "result": None,
        "error": {
            "error_type": "task_error",
            "message": traceback.format_exception_only(error)[-1].strip(),
            "stack": "".join(traceback.format_exception(error)),
        },
        "execution": {**no_execution(task.name), "sandboxed": False},
    }
