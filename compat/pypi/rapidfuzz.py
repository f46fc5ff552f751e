"""Measures and finds what is spelt nearly so, in Python of its own."""

from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from capsule import task


@task
def main() -> None:
    assert Levenshtein.distance("kitten", "sitting") == 3
    assert round(fuzz.ratio("this is a test", "this is a test!")) == 97
    assert process.extractOne("cowboys", ["Giants", "Dallas Cowboys"], processor=str.lower)[2] == 1
