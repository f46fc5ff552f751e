"""Tells how two values differ."""

from deepdiff import DeepDiff, DeepHash

from capsule import task


@task(compute="HIGH")
def main() -> None:
    difference = DeepDiff({"a": [1, 2], "b": "x"}, {"a": [1, 3], "b": "x", "c": 0})
    assert difference["values_changed"]["root['a'][1]"] == {"new_value": 3, "old_value": 2}
    assert list(difference["dictionary_item_added"]) == ["root['c']"]
    assert DeepDiff([1, 2], [2, 1], ignore_order=True) == {} and DeepHash({})
