"""Renders reStructuredText."""

from docutils.core import publish_parts

from capsule import task


@task(compute="HIGH")
def main() -> None:
    parts = publish_parts("Title\n=====\n\n* **a**\n* `b <https://x.com>`_\n", writer="html5")
    assert parts["title"] == "Title" and "<strong>a</strong>" in parts["body"]
