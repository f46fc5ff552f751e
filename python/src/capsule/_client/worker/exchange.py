"""A request to the worker, and what comes of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from .frames import Frame


class Lost(NamedTuple):
    """There will be no answer: the worker has ended."""

    #: How it ended.
    how: str
    #: Whether the worker had the request. If not, another worker can have it.
    was_sent: bool


class Cancelled(NamedTuple):
    """The request was cancelled before the worker had it."""


Answer = Frame | Lost | Cancelled
#: Hears of events, and of the answer.
Listener = Callable[[Answer], None]


class Recipient(Protocol):
    """The worker that a request is sent to."""

    has_ended: bool

    def submit(self, exchange: Exchange) -> None:
        """Sends a request."""
        ...

    def cancel(self, exchange: Exchange) -> bool:
        """Cancels a request. False if it was not sent."""
        ...

    def close_program(self, program: int) -> None:
        """Closes a program that the worker has open."""
        ...


class Exchange:
    """A request, and whoever waits for what comes of it: events, and then one answer."""

    def __init__(
        self,
        header: dict[str, Any],
        payload: bytes,
        worker: Recipient | None = None,
        data: bytes = b"",
    ) -> None:
        self.header = header
        self.payload = payload
        #: Bytes of the arguments, which follow the payload.
        self.data = data
        #: The worker that is asked: that of this process, if there is none yet.
        self.worker = worker
        self.is_submitted = False
        #: None until there is one.
        self.answer: Answer | None = None
        self._listeners: list[Listener] = []
        # Reentrant: a finalizer may listen while this thread is in here.
        self._lock = threading.RLock()

    def listen(self, listener: Listener) -> None:
        """Hears of everything from now on, in any thread: of the answer last, or at once."""
        with self._lock:
            answer = self.answer
            if answer is None:
                self._listeners.append(listener)
        if answer is not None:
            listener(answer)

    def tell(self, event: Frame) -> None:
        """Tells of an event."""
        with self._lock:
            listeners = [*self._listeners]
        for listener in listeners:
            listener(event)

    def finish(self, answer: Answer) -> None:
        """Tells of the answer, which is the last thing to be told."""
        with self._lock:
            self.answer = answer
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(answer)
