"""Takes values out of nested data, and says where one is missing."""

from glom import Coalesce, PathAccessError, glom

from capsule import task


@task
def main() -> None:
    data = {"a": {"b": [{"c": 1}, {"c": 2}]}}
    assert glom(data, ("a.b", ["c"])) == [1, 2]
    assert glom(data, Coalesce("x.y", default=0)) == 0
    try:
        glom(data, "a.z")
        raise AssertionError("no error")
    except PathAccessError as error:
        assert "z" in str(error)
