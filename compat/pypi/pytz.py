"""Localizes times, across changes of the clock."""

from datetime import datetime, timedelta

import pytz

from capsule import task


@task
def main() -> None:
    berlin = pytz.timezone("Europe/Berlin")
    before = berlin.localize(datetime(2024, 3, 31, 1, 30))
    after = berlin.normalize(before + timedelta(hours=1))
    assert (before.strftime("%H:%M %Z"), after.strftime("%H:%M %Z")) == ("01:30 CET", "03:30 CEST")
    assert "Asia/Tokyo" in pytz.all_timezones
