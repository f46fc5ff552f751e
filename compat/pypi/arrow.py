"""Parses, shifts, formats and humanizes times."""

import arrow

from capsule import task


@task
def main() -> None:
    time = arrow.get("2024-01-31T10:00:00+00:00")
    assert time.shift(months=1).format("YYYY-MM-DD") == "2024-02-29"
    assert time.to("Asia/Tokyo").hour == 19
    assert time.shift(hours=2).humanize(time) == "in 2 hours"
    assert time.shift(days=-3).humanize(time, locale="de") == "vor 3 Tagen"
