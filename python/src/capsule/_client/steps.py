"""Sequences of requests as generators, driven by a thread or by an event loop."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, TypeVar

from .._envelope import Envelope
from .request.request import run_request
from .worker.exchange import Answer, Exchange
from .worker.outcome import envelope_of, must_repeat
from .worker.waiting import EventListener, wait, wait_async

R = TypeVar("R")

#: Yields requests with their event listeners, receives answers, and returns the result.
Steps = Generator[tuple[Exchange, EventListener | None], Answer, R]


def run_steps(options: Mapping[str, Any]) -> Steps[Envelope[Any]]:
    """Runs a task, by the arguments of ``run``."""
    while True:
        answer = yield run_request(options), options["on_event"]
        if not must_repeat(answer):
            return envelope_of(answer, options["task"])


def drive(steps: Steps[R]) -> R:
    """Takes the steps in this thread."""
    try:
        exchange, on_event = next(steps)
        while True:
            exchange, on_event = steps.send(wait(exchange, on_event))
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        steps.close()


async def drive_async(steps: Steps[R]) -> R:
    """Takes the steps in the event loop that runs."""
    try:
        exchange, on_event = next(steps)
        while True:
            exchange, on_event = steps.send(await wait_async(exchange, on_event))
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        steps.close()
