"""Renders Markdown, with plug-ins."""

import mistune

from capsule import task


@task
def main() -> None:
    assert mistune.html("**a** <b>").startswith("<p><strong>a</strong>")
    render = mistune.create_markdown(plugins=["strikethrough", "task_lists"])
    assert "<del>x</del>" in render("~~x~~") and "checkbox" in render("- [x] done")
