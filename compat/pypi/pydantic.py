"""Validates data by a model."""

from pydantic import BaseModel

from capsule import task


class User(BaseModel):
    name: str
    age: int


@task
def main() -> None:
    assert User.model_validate({"name": "Ada", "age": "36"}).age == 36
