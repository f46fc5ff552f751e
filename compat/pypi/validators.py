"""Checks addresses, cards and names."""

import validators

from capsule import task


@task
def main() -> None:
    assert validators.url("https://x.com/a?b=1") and not validators.url("http://")
    assert (
        validators.email("a@b.co")
        and validators.ipv6("::1")
        and validators.uuid("2ed6657d-e927-568b-95e1-2665a8aea6a2")
    )
