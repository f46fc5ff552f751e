"""Gives zoneinfo its time zones."""

from datetime import datetime, timezone
from zoneinfo import ZoneInfo, available_timezones

from capsule import task


@task
def main() -> None:
    noon = datetime(2024, 7, 1, 12, tzinfo=timezone.utc)
    assert noon.astimezone(ZoneInfo("America/New_York")).isoformat() == "2024-07-01T08:00:00-04:00"
    assert len(available_timezones()) > 400
