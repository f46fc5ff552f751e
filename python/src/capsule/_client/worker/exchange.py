"""A request to the worker, its events and its answer."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from .frames import Frame


class Lost(NamedTuple):
    """The worker ended without an answer."""

    #: How it ended.
    how: str
    #: Whether the worker had the request. If not, another worker can have it.
    was_sent: bool


class Cancelled(NamedTuple):
    """The request was cancelled before the worker had it."""


Answer = Frame | Lost | Cancelled
#: Called with events and the answer.
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
    """A request with its listeners, who get its events and then one answer."""

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
        #: None: the current worker of this process, chosen when the request is submitted.
        self.worker = worker
        self.is_submitted = False
        #: None until there is one.
        self.answer: Answer | None = None
        self._listeners: list[Listener] = []
        # Reentrant: a finalizer may listen while this thread is in here.
        self._lock = threading.RLock()

    def listen(self, listener: Listener) -> None:
        """Calls the listener with each event and then the answer, in any thread.

        A request that is answered already calls it at once.
        """
        with self._lock:
            answer = self.answer
            if answer is None:
                self._listeners.append(listener)
        if answer is not None:
            listener(answer)

    def tell(self, event: Frame) -> None:
        """Passes an event to the listeners."""
        with self._lock:
            listeners = [*self._listeners]
        for listener in listeners:
            listener(event)

    def finish(self, answer: Answer) -> None:
        """Passes the answer to the listeners, after which there are no events."""
        with self._lock:
            self.answer = answer
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener(answer)
