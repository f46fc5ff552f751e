"""Time zones by the data of the package tzdata, whose files do not exist at run time."""

from __future__ import annotations

import io
import sys
import zoneinfo
from pathlib import Path
from typing import Any
from zoneinfo import _common  # type: ignore[attr-defined]

zones: dict[str, bytes] = {}


def install() -> None:
    """Reads the data before the snapshot. What a program has itself comes first."""
    _read()
    load, available = _common.load_tzdata, zoneinfo.available_timezones

    def load_tzdata(key: str) -> Any:
        try:
            return load(key)
        except zoneinfo.ZoneInfoNotFoundError:
            if key not in zones:
                raise
            return io.BytesIO(zones[key])

    _common.load_tzdata = load_tzdata
    zoneinfo.available_timezones = lambda: available() | zones.keys()


def _read() -> None:
    import tzdata  # type: ignore[import-not-found]

    folder = Path(tzdata.__file__).parent
    same: dict[bytes, bytes] = {}
    for key in (folder / "zones").read_text().split():
        data = (folder / "zoneinfo" / key).read_bytes()
        zones[key] = same.setdefault(data, data)
    # A program may have the package itself.
    for name in [name for name in sys.modules if name.split(".")[0] == "tzdata"]:
        del sys.modules[name]
