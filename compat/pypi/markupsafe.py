"""Escapes text, in Python of its own."""

from markupsafe import Markup, escape

from capsule import task


@task
def main() -> None:
    assert escape("<b>'\"&") == "&lt;b&gt;&#39;&#34;&amp;"
    assert Markup("<em>%s</em>") % "<x>" == "<em>&lt;x&gt;</em>"
    assert Markup("<p>a &amp; b</p>").striptags() == "a & b"
