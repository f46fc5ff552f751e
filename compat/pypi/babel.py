"""Formats dates, numbers and money in German and Japanese."""

from datetime import date

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal

from capsule import task


@task
def main() -> None:
    assert format_date(date(2024, 1, 31), "full", locale="de") == "Mittwoch, 31. Januar 2024"
    assert format_decimal(1234567.891, locale="de") == "1.234.567,891"
    assert format_currency(1200, "JPY", locale="ja") == "￥1,200"
