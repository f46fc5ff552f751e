"""Encodes and decodes names of hosts."""

import idna

from capsule import task


@task
def main() -> None:
    assert idna.encode("straße.de") == b"xn--strae-oqa.de"
    assert idna.decode("xn--eckwd4c7c.xn--zckzah") == "ドメイン.テスト"
