"""Writes what the standard library reads."""

import tomli_w
import tomllib

from capsule import task


@task
def main() -> None:
    data = {"title": "é", "table": {"list": [1, 2.5]}, "rows": [{"a": True}, {"a": False}]}
    assert tomllib.loads(tomli_w.dumps(data)) == data
