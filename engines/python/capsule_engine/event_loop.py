"""asyncio over the host's operations: timers, and whatever else the host does."""

import asyncio
from asyncio import base_events
from collections.abc import Callable
from typing import Any

from capsule_engine import host


class OperationLoop(base_events.BaseEventLoop):
    """An event loop without threads and signals."""

    def __init__(self) -> None:
        super().__init__()
        self._selector = _Selector()
        self._operations: dict[int, asyncio.Future[Any]] = {}

    def operation(self, handle: int) -> "asyncio.Future[Any]":
        """The future outcome of an operation, as `host.take` returns it.

        Cancelling the future cancels the operation.
        """
        future = self.create_future()
        self._operations[handle] = future
        self._selector.pending += 1
        future.add_done_callback(lambda future: self._forget(handle, future))
        return future

    def _forget(self, handle: int, future: "asyncio.Future[Any]") -> None:
        if self._operations.pop(handle, None) is not None:
            self._selector.pending -= 1
        if future.cancelled():
            host.cancel(handle)

    def _process_events(self, event_list: list[int]) -> None:
        for handle in event_list:
            future = self._operations.pop(handle, None)
            if future is None or future.done():
                continue
            self._selector.pending -= 1
            try:
                future.set_result(host.take(handle))
            except Exception as error:
                future.set_exception(error)

    def _write_to_self(self) -> None:
        """No other thread exists that could wake this loop."""

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        """Runs the function at once: a sandbox has no threads."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """No executor exists."""


class _Selector:
    """Waits for operations of the host, in place of the sockets that BaseEventLoop selects."""

    def __init__(self) -> None:
        self.pending = 0

    def select(self, timeout: float | None) -> list[int]:
        if self.pending == 0 and timeout is not None and timeout <= 0:
            return []
        if self.pending == 0 and timeout is None:
            raise RuntimeError("the event loop waits for something that can never happen")
        return host.poll(timeout)

    def close(self) -> None:
        pass
