"""Settings for all runs of this process."""

from __future__ import annotations

import math
import re

from .._errors import CapsuleError
from .worker.worker import limit_ram

_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*(?:([KMG])I?)?(B)?\s*", re.IGNORECASE | re.ASCII)
_RAM_AT_MOST = 1 << 50


def configure(*, ram: str | int | None = None) -> None:
    """Configures all runs of this process, from now on.

        capsule.configure(ram="8GB")

    Args:
        ram: Memory that all runs and open programs of this process may use together in its worker:
            ``"8GB"``, ``"512MB"``, or a number of bytes. The default is half of what the machine
            has, or the control group that the process is in. Live tasks keep their memory.

    Raises:
        CapsuleError: ``invalid_argument``, for a value that is not a size.
    """
    if ram is not None:
        limit_ram(_parse_size(ram))


def _parse_size(value: object) -> int:
    size: float | None = None
    if isinstance(value, int) and not isinstance(value, bool):
        size = value
    elif isinstance(value, str) and (match := _SIZE.fullmatch(value)):
        number, prefix, unit = match.groups()
        if unit or not prefix:
            size = float(number) * _UNITS[(prefix or "").upper()]
    if size is None:
        expected = 'write "8GB", "1.5 GB", "512MiB" or a whole number of bytes'
        raise _refused(f"{value!r} is no size: {expected}")
    if not 0 < size <= _RAM_AT_MOST:
        raise _refused(f"{value!r} is not between 1 byte and 2^50")
    return math.ceil(size)


def _refused(problem: str) -> CapsuleError:
    return CapsuleError("invalid_argument", f"configure: ram: {problem}")
