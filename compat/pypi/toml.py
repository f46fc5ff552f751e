"""Parses and writes documents."""

import toml

from capsule import task


@task
def main() -> None:
    assert toml.loads('[a]\nb = [1, 2]\nwhen = 2024-01-02\n["x y"]\nz = true')["a"]["b"] == [1, 2]
    assert toml.dumps({"a": {"b": "x"}}) == '[a]\nb = "x"\n'
