"""Keeps lists and dicts in order."""

from sortedcontainers import SortedDict, SortedList

from capsule import task


@task
def main() -> None:
    items = SortedList([3, 1, 2])
    items.add(0)
    assert list(items.irange(1, 2)) == [1, 2] and items.bisect(2) == 3
    assert SortedDict(b=1, a=2).peekitem(0) == ("a", 2)
