"""A program that is open in the current worker of this process."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from sys import is_finalizing
from typing import Any, TypeGuard

from .._envelope import Envelope
from .._errors import CapsuleError
from .request.options import check_call
from .request.request import Call, call_request, open_request
from .steps import Steps
from .worker.exchange import Answer, Cancelled, Exchange
from .worker.frames import Frame
from .worker.outcome import envelope_of, error_of, must_repeat
from .worker.waiting import EventListener
from .worker.worker import LOCK, flush, refuse_at_shutdown


class Opened:
    """What handles of both kinds hold. It is opened again when its worker has ended."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        # Made once: the same program, in the same environment, when it is opened again.
        self._request = open_request(options)
        self._opening: Exchange | None = None
        self._is_closed = False
        self._calls = 0
        #: Known once it is open.
        self.tasks: list[str] = []

    def open_steps(self, on_event: EventListener | None) -> Steps[None]:
        """Opens the program.

        Raises:
            CapsuleError: for mistakes on the host's side.
        """
        _, answer = yield from self._opening_steps(on_event)
        if not _is_opened(answer):
            raise error_of(answer)

    def call_steps(self, call: Call, on_event: EventListener | None) -> Steps[Envelope[Any]]:
        """Calls a task."""
        refuse_at_shutdown()
        call = Call(**check_call(call._asdict(), on_event))
        with LOCK:
            if self._is_closed:
                message = f'Cannot call "{call.task}": the program is closed'
                raise CapsuleError("invalid_argument", message)
            self._calls += 1
        try:
            while True:
                opening, answer = yield from self._opening_steps(None)
                if _is_opened(answer):
                    program = answer.header["program"]
                    request = call_request(program, call, observe=on_event is not None)
                    request.worker = opening.worker
                    answer = yield request, on_event
                if not must_repeat(answer):
                    return envelope_of(answer, call.task)
        finally:
            with LOCK:
                self._calls -= 1
            if self._is_closed:
                self.close()

    def close(self) -> None:
        """Lets the worker forget the program, as soon as no call needs it any more."""
        if is_finalizing():
            # The worker ends with this process.
            return
        with LOCK:
            self._is_closed = True
            if self._calls == 0:
                self._forget()
        flush()

    def _opening_steps(self, on_event: EventListener | None) -> Steps[tuple[Exchange, Answer]]:
        """Opens the program unless it is open."""
        while True:
            opening = self._current_opening()
            answer = opening.answer
            if answer is None:
                answer = yield opening, on_event
            if _is_opened(answer):
                self.tasks = answer.header["tasks"]
                return opening, answer
            with LOCK:
                if self._opening is opening:
                    self._opening = None
            # Cancelled by another caller who waited for it too, perhaps.
            if not must_repeat(answer) and not _was_cancelled(answer):
                return opening, answer

    def _current_opening(self) -> Exchange:
        refuse_at_shutdown()
        with LOCK:
            opening = self._opening
            if opening is None or (opening.worker is not None and opening.worker.has_ended):
                opening = Exchange(self._request.header, self._request.payload)
                self._opening = opening
            return opening

    def _forget(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None and opening.is_submitted:
            # It may still be under way.
            opening.listen(partial(_close, opening))

    def __del__(self) -> None:
        # A net: no lock is taken here that this thread might hold.
        if hasattr(self, "_opening") and not is_finalizing():
            self._forget()


def _close(opening: Exchange, answer: Answer) -> None:
    if opening.worker and _is_opened(answer):
        opening.worker.close_program(answer.header["program"])


def _is_opened(answer: Answer) -> TypeGuard[Frame]:
    return isinstance(answer, Frame) and answer.type == "opened"


def _was_cancelled(answer: Answer) -> bool:
    is_failure = isinstance(answer, Frame) and answer.header.get("code") == "cancelled"
    return is_failure or isinstance(answer, Cancelled)
