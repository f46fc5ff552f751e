"""Says sizes, times and numbers as people do."""

from datetime import timedelta

import humanize

from capsule import task


@task
def main() -> None:
    assert humanize.naturalsize(1_500_000) == "1.5 MB"
    assert humanize.naturaldelta(timedelta(minutes=70)) == "an hour"
    assert humanize.intword(1_234_567) == "1.2 million" and humanize.intcomma(12345) == "12,345"
