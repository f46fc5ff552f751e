"""Converts an answer of the worker into an envelope or an error."""

from __future__ import annotations

import json
import re
from typing import Any

from ..._envelope import Envelope, ErrorType, Execution, no_execution
from ..._errors import CapsuleError
from ..._payload import decode
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
        return _read(answer.payload, answer.data)
    raise error_of(answer)


def _read(payload: bytes, data: bytes) -> Envelope[Any]:
    """The envelope, whatever its result is: a task may return what this Python does not read."""
    envelope: Envelope[Any]
    try:
        envelope = decode(payload, data)
    except (ValueError, RecursionError) as error:
        # An integer of too many digits, or a depth that the stack of this thread has no room for.
        envelope = _failure("", "invalid_result", f"Python cannot read the result: {error}")
        envelope["execution"] = _execution_in(payload)
    return envelope


def _execution_in(payload: bytes) -> Execution:
    """What a task has used and asked for, which its result cannot hide."""
    # It stands last, and inside of a string of JSON no quote is without a backslash. What stands
    # before it is not read again: Python may refuse its depth, in any thread.
    key = b'"execution":'
    execution: Execution = json.loads(payload[payload.rindex(key) + len(key) : -1])
    return execution


def error_of(answer: Answer) -> CapsuleError:
    """Why there is neither an envelope nor a program."""
    if isinstance(answer, Frame) and answer.type == "failed":
        return _failed(answer.header)
    if isinstance(answer, Lost):
        return CapsuleError("internal", f"the worker process {answer.how} while it loaded")
    return CapsuleError("internal", f"the worker answered what nobody asked for: {answer!r}")


def _failed(header: dict[str, Any]) -> CapsuleError:
    """The error of the worker, with options of this process as Python spells them."""
    message: str = header["message"]
    fields = dict(header.get("fields", {}))
    if header["code"] == "invalid_argument" and "option" in fields:
        fields["option"] = _in_python(fields["option"])
        message = f"{fields['option']}: {header['problem']}"
    error = CapsuleError(header["code"], message, header.get("hint"))
    error.__dict__.update(fields)
    return error


def _in_python(option: str) -> str:
    # Names of variables stay as they are.
    if option.startswith(("env.", "secrets.")):
        return option
    return re.sub(r"(?<=[a-z])[A-Z]", lambda letter: f"_{letter[0].lower()}", option)


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
