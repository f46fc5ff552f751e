"""Pipes, curries and merges."""

from toolz import curry, groupby, merge_with, pipe, sliding_window

from capsule import task


@task
def main() -> None:
    add = curry(lambda a, b: a + b)
    assert pipe([1, 2], lambda items: map(add(1), items), list) == [2, 3]
    assert groupby(len, ["a", "bb", "c"]) == {1: ["a", "c"], 2: ["bb"]}
    assert merge_with(sum, {"a": 1}, {"a": 2, "b": 3}) == {"a": 3, "b": 3}
    assert list(sliding_window(2, [1, 2, 3])) == [(1, 2), (2, 3)]
