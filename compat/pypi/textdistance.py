"""Measures how far texts are apart."""

import textdistance

from capsule import task


@task
def main() -> None:
    assert textdistance.levenshtein("kitten", "sitting") == 3
    assert round(textdistance.jaro_winkler("martha", "marhta"), 4) == 0.9611
    assert textdistance.jaccard("abc", "bcd") == 0.5
