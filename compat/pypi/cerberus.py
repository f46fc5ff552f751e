"""Validates and normalizes by a schema."""

from cerberus import Validator

from capsule import task


@task
def main() -> None:
    schema = {"n": {"type": "integer", "min": 1, "coerce": int}, "name": {"default": "x"}}
    validator = Validator(schema)
    assert validator.normalized({"n": "3"}) == {"n": 3, "name": "x"}
    assert not validator.validate({"n": 0}) and validator.errors == {"n": ["min value is 1"]}
