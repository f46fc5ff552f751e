"""Reads and writes JSON with decimals, in Python of its own."""

from decimal import Decimal

import simplejson

from capsule import task


@task
def main() -> None:
    assert simplejson.loads("[1.10]", use_decimal=True) == [Decimal("1.10")]
    assert (
        simplejson.dumps({"b": Decimal("1.10"), "a": None}, sort_keys=True)
        == '{"a": null, "b": 1.10}'
    )
