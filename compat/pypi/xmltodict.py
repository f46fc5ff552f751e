"""Turns XML into dicts, and back."""

import xmltodict

from capsule import task


@task
def main() -> None:
    assert xmltodict.parse('<a id="1"><b>x</b><b>y</b></a>') == {"a": {"@id": "1", "b": ["x", "y"]}}
    assert xmltodict.unparse({"a": {"b": "&"}}, full_document=False) == "<a><b>&amp;</b></a>"
