"""Loads and dumps objects by a schema."""

from marshmallow import Schema, ValidationError, fields, validate

from capsule import task


class UserSchema(Schema):
    name = fields.Str(required=True, validate=validate.Length(min=2))
    email = fields.Email()
    born = fields.Date()


@task
def main() -> None:
    loaded = UserSchema().load({"name": "Ada", "born": "1815-12-10"})
    assert loaded["born"].year == 1815 and UserSchema().dump(loaded)["born"] == "1815-12-10"
    try:
        UserSchema().load({"name": "A", "email": "x"})
        raise AssertionError("no error")
    except ValidationError as error:
        assert sorted(error.messages) == ["email", "name"]
