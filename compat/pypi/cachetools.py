"""Caches by age and by use."""

from cachetools import LRUCache, TTLCache, cached

from capsule import task


@task
def main() -> None:
    calls = []

    @cached(LRUCache(maxsize=2))
    def square(n: int) -> int:
        calls.append(n)
        return n * n

    assert [square(2), square(2), square(3)] == [4, 4, 9] and calls == [2, 3]
    clock = [0]
    cache = TTLCache(maxsize=2, ttl=10, timer=lambda: clock[0])
    cache["a"] = 1
    clock[0] = 11
    assert "a" not in cache
