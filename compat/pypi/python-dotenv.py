"""Reads variables from a text."""

import io

from dotenv import dotenv_values

from capsule import task


@task
def main() -> None:
    values = dotenv_values(stream=io.StringIO("A=1\n# no\nexport B='x y'\nC=${A}2\n"))
    assert dict(values) == {"A": "1", "B": "x y", "C": "12"}
