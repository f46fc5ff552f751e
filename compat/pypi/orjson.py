"""Writes JSON."""

import orjson

from capsule import task


@task
def main() -> None:
    assert orjson.dumps({"a": 1}) == b'{"a":1}'
