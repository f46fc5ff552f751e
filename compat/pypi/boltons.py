"""Caches, remaps and slugs."""

from boltons.cacheutils import LRU
from boltons.iterutils import remap
from boltons.strutils import slugify

from capsule import task


@task
def main() -> None:
    cache = LRU(max_size=1)
    cache["a"], cache["b"] = 1, 2
    assert dict(cache) == {"b": 2}
    assert remap({"a": {"b": None, "c": 1}}, lambda path, key, value: value is not None) == {
        "a": {"c": 1}
    }
    assert slugify("Hello World!", "-") == "hello-world"
