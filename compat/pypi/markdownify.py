"""Turns HTML into Markdown."""

from markdownify import markdownify

from capsule import task


@task
def main() -> None:
    html = "<h1>T</h1><p>a <b>b</b> <a href='https://x.com'>c</a></p><ul><li>d</li></ul>"
    text = markdownify(html, heading_style="ATX", bullets="-")
    assert text.split("\n\n") == ["# T", "a **b** [c](https://x.com)", "- d"], text
