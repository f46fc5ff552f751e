"""Converts values to JSON for the host."""

from typing import Any

from capsule._payload import encode

#: The most that an error repeats of a key.
KEY_CHARACTERS = 200


class InvalidResult(Exception):
    """A value that JSON cannot represent."""


def serialize(value: Any, subject: str) -> tuple[str, bytes]:
    """The value as JSON with its bytes beside it, by the rules of the json module.

    Raises:
        InvalidResult: naming the path and the type of what has no JSON.
    """
    try:
        encoded = encode(value, allow_nan=False, ensure_ascii=False)
        encoded[0].encode()
        return encoded
    except UnicodeEncodeError:
        # Lone surrogates have no UTF-8, but an escape.
        return encode(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidResult(_problem(value, subject, ()) or f"{subject}: {error}") from None


def _problem(value: Any, path: str, above: tuple[Any, ...]) -> str | None:
    if any(value is container for container in above):
        return f"{path} is a circular reference, which has no JSON"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"{path} is {value}, which has no JSON"
    if value is None or isinstance(value, (str, int, float, bytes, bytearray, memoryview)):
        return None
    if len(above) > 512:
        return f"{path} is nested too deeply"
    if isinstance(value, dict):
        for key, member in value.items():
            if not (key is None or isinstance(key, (str, int, float))):
                return f"{path} has a key of type {type(key).__name__}, which has no JSON"
            shown = repr(key)[:KEY_CHARACTERS]
            problem = _problem(member, f"{path}[{shown}]", (*above, value))
            if problem:
                return problem
        return None
    if isinstance(value, (list, tuple)):
        for index, member in enumerate(value):
            problem = _problem(member, f"{path}[{index}]", (*above, value))
            if problem:
                return problem
        return None
    return f"{path} is of type {type(value).__name__}, which has no JSON"
