"""Loads and dumps documents, in Python of its own."""

import yaml

from capsule import task


@task
def main() -> None:
    text = "base: &b {a: 1}\nother: {<<: *b, c: [x, 2024-01-31]}\ntext: |\n  one\n  two\n"
    loaded = yaml.safe_load(text)
    assert loaded["other"]["a"] == 1 and loaded["other"]["c"][1].year == 2024
    assert loaded["text"] == "one\ntwo\n"
    assert yaml.safe_dump({"b": [1, None], "a": "x: y"}) == "a: 'x: y'\nb:\n- 1\n- null\n"
    try:
        yaml.safe_load("a: [1")
        raise AssertionError("no error")
    except yaml.YAMLError as error:
        assert "line 1" in str(error)
