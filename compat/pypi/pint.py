"""Computes with units."""

import pint

from capsule import task


@task(compute="HIGH")
def main() -> None:
    units = pint.UnitRegistry()
    speed = units("36 km/h").to("m/s")
    assert round(speed.magnitude, 6) == 10 and f"{speed:~P}" == "10.0 m/s"
    try:
        units("1 m") + units("1 s")
        raise AssertionError("no error")
    except pint.DimensionalityError:
        pass
