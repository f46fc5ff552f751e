"""Structures nested data as classes, and back."""

from datetime import datetime

import attrs
import cattrs

from capsule import task


@attrs.define
class Child:
    name: str


@attrs.define
class Parent:
    children: list[Child]
    born: datetime | None = None


@task
def main() -> None:
    parent = cattrs.structure({"children": [{"name": "Ada"}]}, Parent)
    assert parent == Parent([Child("Ada")])
    converter = cattrs.Converter()
    converter.register_unstructure_hook(datetime, datetime.isoformat)
    assert converter.unstructure(Parent([], datetime(2024, 1, 2)))["born"] == "2024-01-02T00:00:00"
