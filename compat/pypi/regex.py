"""Matches fuzzily."""

import regex

from capsule import task


@task
def main() -> None:
    assert regex.search("(?:hello){e<=1}", "hallo")
