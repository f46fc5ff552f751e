"""Waits for the answer to a request, in a thread or in an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from .events import RunEvent, event_of
from .exchange import Answer, Exchange
from .frames import Frame
from .worker import cancel, submit

EventListener = Callable[[RunEvent], object]

#: How long a cancelling caller waits for the run to end, which takes milliseconds.
_GRACE_SECONDS = 2.0


def wait(exchange: Exchange, on_event: EventListener | None) -> Answer:
    """Sends the request and waits for the answer. An exception meanwhile, also Ctrl-C, cancels it.

    Raises:
        CapsuleError: as ``submit``.
    """
    told: SimpleQueue[Answer] = SimpleQueue()
    exchange.listen(told.put)
    try:
        submit(exchange)
        while _is_event(answer := told.get()):
            if on_event is not None:
                on_event(event_of(answer))
        return answer
    except BaseException:
        cancel(exchange)
        _drain(told, exchange)
        raise


def _drain(told: SimpleQueue[Answer], exchange: Exchange) -> None:
    until = time.monotonic() + _GRACE_SECONDS
    try:
        while exchange.is_submitted and exchange.answer is None:
            told.get(timeout=max(0.0, until - time.monotonic()))
    except Empty:
        pass


async def wait_async(exchange: Exchange, on_event: EventListener | None) -> Answer:
    """Like ``wait``, in the event loop that runs: cancelling the task cancels the request."""
    waiter = _Waiter(exchange, on_event)
    exchange.listen(waiter.listen)
    try:
        submit(exchange)
        return await asyncio.shield(waiter.answered)
    except asyncio.CancelledError:
        waiter.is_over = True
        cancel(exchange)
        # The run must have ended when the caller continues.
        await asyncio.wait([waiter.answered], timeout=_GRACE_SECONDS)
        raise
    except BaseException:
        cancel(exchange)
        raise


class _Waiter:
    """Passes answers from the worker's thread to an event loop."""

    def __init__(self, exchange: Exchange, on_event: EventListener | None) -> None:
        self.exchange = exchange
        self.on_event = on_event
        self.loop = asyncio.get_running_loop()
        self.answered: asyncio.Future[Answer] = self.loop.create_future()
        #: Whether the caller wants no more events.
        self.is_over = False
        self.raised: BaseException | None = None

    def listen(self, answer: Answer) -> None:
        """In the worker's thread."""
        try:
            self.loop.call_soon_threadsafe(self.take, answer)
        except RuntimeError:
            # The loop is closed.
            cancel(self.exchange)

    def take(self, answer: Answer) -> None:
        """In the loop's thread."""
        if not _is_event(answer):
            if self.raised is None or self.is_over:
                self.answered.set_result(answer)
            else:
                self.answered.set_exception(self.raised)
        elif self.on_event is not None and not self.is_over and self.raised is None:
            try:
                self.on_event(event_of(answer))
            except Exception as error:
                # The run ends first.
                self.raised = error
                cancel(self.exchange)


def _is_event(answer: Answer) -> bool:
    return isinstance(answer, Frame) and answer.type == "event"
