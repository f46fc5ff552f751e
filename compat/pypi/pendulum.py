"""Adds to times, and tells the difference."""

import pendulum

from capsule import task


@task
def main() -> None:
    time = pendulum.datetime(2024, 1, 31, tz="Europe/Berlin")
    assert time.add(months=1).to_date_string() == "2024-02-29"
    assert time.diff(time.add(hours=36)).in_hours() == 36
    assert pendulum.parse("2024-W05-3").to_date_string() == "2024-01-31"
