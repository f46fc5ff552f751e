"""Parses dates, repeats them by rules, and knows time zones."""

from datetime import datetime

from dateutil import parser, tz
from dateutil.relativedelta import relativedelta
from dateutil.rrule import MONTHLY, rrule

from capsule import task


@task
def main() -> None:
    assert parser.parse("31 Jan 2024 3pm") == datetime(2024, 1, 31, 15)
    assert datetime(2024, 1, 31) + relativedelta(months=1) == datetime(2024, 2, 29)
    days = rrule(MONTHLY, bymonthday=-1, count=2, dtstart=datetime(2024, 1, 1))
    assert [day.day for day in days] == [31, 29]
    berlin = tz.gettz("Europe/Berlin")
    assert datetime(2024, 7, 1, tzinfo=berlin).utcoffset().total_seconds() == 7200
