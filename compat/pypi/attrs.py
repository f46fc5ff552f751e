"""Defines classes with defaults, validators and converters."""

import attrs

from capsule import task


@attrs.define
class Point:
    x: int = attrs.field(converter=int, validator=attrs.validators.ge(0))
    tags: list[str] = attrs.field(factory=list)


@attrs.frozen
class Fixed:
    value: int


@task
def main() -> None:
    point = Point("3")
    assert attrs.asdict(point) == {"x": 3, "tags": []} and point == Point(3)
    assert attrs.evolve(point, x=5).x == 5
    for wrong, error in (
        (lambda: Point(-1), ValueError),
        (lambda: setattr(Fixed(1), "value", 2), attrs.exceptions.FrozenInstanceError),
    ):
        try:
            wrong()
            raise AssertionError("no error")
        except error:
            pass
