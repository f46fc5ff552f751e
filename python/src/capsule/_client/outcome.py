"""What an answer of the worker is to whoever made the call."""

from __future__ import annotations

import json
from typing import Any

from .._envelope import Envelope, ErrorType, no_execution
from .._errors import CapsuleError
from .exchange import Answer, Cancelled, Lost
from .frames import Frame


def envelope_of(answer: Answer, task: str) -> Envelope[Any]:
    """The envelope.

    Raises:
        CapsuleError: for mistakes on the host's side.
    """
    if isinstance(answer, Cancelled):
        return _failure(task, "cancelled", "cancelled")
    if isinstance(answer, Lost):
        return _failure(task, "internal_error", f"the worker process {answer.how} during the call")
    if answer.type == "envelope":
        envelope: Envelope[Any] = json.loads(answer.payload)
        return envelope
    raise error_of(answer)


def error_of(answer: Answer) -> CapsuleError:
    """Why there is neither an envelope nor a program."""
    if isinstance(answer, Frame) and answer.type == "failed":
        header = answer.header
        return CapsuleError(header["code"], header["message"], header.get("hint"))
    if isinstance(answer, Lost):
        return CapsuleError("internal", f"the worker process {answer.how} while it loaded")
    return CapsuleError("internal", f"the worker answered what nobody asked for: {answer!r}")


def must_repeat(answer: Answer) -> bool:
    """Whether the worker ended before it had the request: another one can have it."""
    return isinstance(answer, Lost) and not answer.was_sent


def _failure(task: str, error_type: ErrorType, message: str) -> Envelope[Any]:
    return {
        "success": False,
        "result": None,
        "error": {"error_type": error_type, "message": message},
        "execution": no_execution(task),
    }
