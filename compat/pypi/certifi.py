"""Gives the certificates that it brings."""

from pathlib import Path

import certifi

from capsule import task


@task
def main() -> None:
    assert certifi.contents().count("BEGIN CERTIFICATE") > 100
    assert Path(certifi.where()).read_text().startswith("\n#")
