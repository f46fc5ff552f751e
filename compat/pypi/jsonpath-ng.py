"""Finds and changes values by paths."""

from jsonpath_ng.ext import parse

from capsule import task


@task
def main() -> None:
    data = {"books": [{"title": "a", "price": 5}, {"title": "b", "price": 15}]}
    found = parse("$.books[?(@.price > 10)].title").find(data)
    assert [(match.value, str(match.full_path)) for match in found] == [("b", "books.[1].title")]
    assert parse("$..price").update({"x": {"price": 1}}, 0) == {"x": {"price": 0}}
