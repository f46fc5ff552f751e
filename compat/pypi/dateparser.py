"""Understands dates as people write them."""

from datetime import datetime

import dateparser

from capsule import task


@task(compute="HIGH")
def main() -> None:
    assert dateparser.parse("31 janvier 2024") == datetime(2024, 1, 31)
