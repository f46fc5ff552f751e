"""Finds by XPath."""

from lxml import etree

from capsule import task


@task
def main() -> None:
    assert etree.fromstring("<a><b>1</b></a>").xpath("//b/text()") == ["1"]
