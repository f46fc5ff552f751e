"""Stems, tokenizes and measures text, without data of its own."""

from nltk.metrics import edit_distance
from nltk.stem import PorterStemmer
from nltk.tokenize import TreebankWordTokenizer
from nltk.util import ngrams

from capsule import task


@task
def main() -> None:
    assert PorterStemmer().stem("running") == "run"
    assert TreebankWordTokenizer().tokenize("It's fine.") == ["It", "'s", "fine", "."]
    assert edit_distance("kitten", "sitting") == 3
    assert list(ngrams([1, 2, 3], 2)) == [(1, 2), (2, 3)]
