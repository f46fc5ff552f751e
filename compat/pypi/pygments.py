"""Marks up code by its language."""

from pygments import highlight
from pygments.formatters import HtmlFormatter, TerminalFormatter
from pygments.lexers import get_lexer_by_name, guess_lexer

from capsule import task


@task(compute="HIGH")
def main() -> None:
    html = highlight("def f(): pass", get_lexer_by_name("python"), HtmlFormatter())
    assert '<span class="k">def</span>' in html
    assert "\x1b[" in highlight("x = 1", get_lexer_by_name("python"), TerminalFormatter())
    assert guess_lexer("#!/usr/bin/python\nprint(1)").name == "Python"
