"""Renders Markdown with tables and a table of contents."""

import markdown

from capsule import task


@task
def main() -> None:
    assert markdown.markdown("# Hi *you*") == "<h1>Hi <em>you</em></h1>"
    html = markdown.markdown("[TOC]\n\n## A\n\n|a|b|\n|-|-|\n|1|2|", extensions=["tables", "toc"])
    assert "<td>1</td>" in html and '<h2 id="a">A</h2>' in html
