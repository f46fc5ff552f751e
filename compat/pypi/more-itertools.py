"""Chunks, windows, groups and peeks."""

from more_itertools import chunked, consecutive_groups, flatten, peekable, windowed

from capsule import task


@task
def main() -> None:
    assert list(chunked(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(windowed([1, 2, 3], 2)) == [(1, 2), (2, 3)]
    assert [list(group) for group in consecutive_groups([1, 2, 5])] == [[1, 2], [5]]
    assert list(flatten([[1], [2]])) == [1, 2] and peekable([7]).peek() == 7
