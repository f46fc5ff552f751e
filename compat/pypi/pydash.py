"""Gets, groups and chains."""

from pydash import py_

from capsule import task


@task
def main() -> None:
    assert py_.get({"a": [{"b": 1}]}, "a.0.b") == 1
    assert py_([3, 1, 2]).sort_by().map(lambda n: n * 2).value() == [2, 4, 6]
    assert py_.kebab_case("Hello World") == "hello-world"
