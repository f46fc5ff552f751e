"""Starts operations of the host and waits for them."""

from json import dumps
from typing import Any

from componentize_py_types import Err
from wit_world.imports import operations
from wit_world.imports.operations import Payload

from capsule._payload import decode
from capsule_engine.library import output


class OperationError(RuntimeError):
    """The host refused an operation."""


def start(operation: str, request: Any, data: bytes = b"") -> int:
    """Starts an operation with a JSON value and bytes. Returns its handle."""
    return operations.start(operation, Payload(dumps(request, allow_nan=False), data))


def start_json(operation: str, request: str, data: bytes) -> int:
    """Starts an operation with JSON text and bytes. Returns its handle."""
    return operations.start(operation, Payload(request, data))


def wait(handle: int, timeout: float | None = None) -> Any:
    """The outcome of an operation, or TimeoutError after `timeout` seconds."""
    return outcome_of(take(handle, timeout))


def take(handle: int, timeout: float | None = None) -> tuple[str, bytes]:
    """Like `wait`, with the outcome as JSON and bytes."""
    output.flush()
    try:
        payload = operations.wait(handle, _microseconds(timeout))
    except Err as error:
        raise OperationError(error.value) from None
    if payload is None:
        raise TimeoutError(f"the operation did not end within {timeout} s")
    return payload.json, payload.bytes


def outcome_of(taken: tuple[str, bytes]) -> Any:
    """Decodes what `take` returned."""
    outcome = decode(*taken)
    if isinstance(outcome, dict) and outcome.keys() == {"error"}:
        raise OperationError(outcome["error"]["message"])
    return outcome


def poll(timeout: float | None) -> list[int]:
    """The handles of operations that ended. Waits for one, or for `timeout` seconds."""
    output.flush()
    return operations.poll(_microseconds(timeout))


def cancel(handle: int) -> None:
    """Cancels an operation."""
    operations.cancel(handle)


def _microseconds(seconds: float | None) -> int | None:
    if seconds is None:
        return None
    return max(0, min(round(seconds * 1e6), 2**63))
