"""Removes scripts and attributes that are not allowed."""

import bleach

from capsule import task


@task
def main() -> None:
    dirty = '<b onclick="x()">b</b><script>steal()</script>'
    assert bleach.clean(dirty, tags={"b"}, strip=True) == "<b>b</b>steal()"
    assert bleach.linkify("see x.com") == 'see <a href="http://x.com" rel="nofollow">x.com</a>'
