"""Queries JSON."""

import jmespath

from capsule import task


@task
def main() -> None:
    data = {"people": [{"name": "b", "age": 20}, {"name": "a", "age": 40}]}
    assert jmespath.search("people[?age > `30`].name | [0]", data) == "a"
    assert jmespath.search("sort_by(people, &age)[-1].name", data) == "a"
