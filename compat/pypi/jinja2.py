"""Renders templates with loops, filters, inheritance and escaping."""

from jinja2 import DictLoader, Environment, StrictUndefined
from jinja2.exceptions import UndefinedError
from jinja2.sandbox import SandboxedEnvironment

from capsule import task


@task
def main() -> None:
    templates = {
        "base": "<h1>{% block title %}{% endblock %}</h1>{% block body %}{% endblock %}",
        "page": "{% extends 'base' %}{% block title %}{{ title|upper }}{% endblock %}"
        "{% block body %}{% for n in items if n > 1 %}{{ loop.index }}:{{ n }} {% endfor %}"
        "{% endblock %}",
    }
    environment = Environment(
        loader=DictLoader(templates), autoescape=True, undefined=StrictUndefined
    )
    page = environment.get_template("page").render(title="<a>", items=[1, 2, 3])
    assert page == "<h1>&lt;A&gt;</h1>1:2 2:3 "
    try:
        environment.from_string("{{ nobody }}").render()
        raise AssertionError("no error")
    except UndefinedError:
        pass
    assert SandboxedEnvironment().from_string("{{ (1, 2)|sum }}").render() == "3"
