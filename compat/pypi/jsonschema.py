"""Validates by a schema, and lists what is wrong."""

from jsonschema import Draft202012Validator

from capsule import task


@task
def main() -> None:
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer", "minimum": 1}},
        "required": ["n", "name"],
    }
    errors = sorted(Draft202012Validator(schema).iter_errors({"n": 0}), key=str)
    assert [error.validator for error in errors] == ["required", "minimum"]
