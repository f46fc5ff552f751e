"""Pluralizes, and writes numbers as words."""

import inflect

from capsule import task


@task(compute="HIGH")
def main() -> None:
    engine = inflect.engine()
    assert engine.plural("mouse") == "mice" and engine.a("hour") == "an hour"
    assert engine.number_to_words(1234) == "one thousand, two hundred and thirty-four"
