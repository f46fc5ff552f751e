"""Makes short identifiers."""

import uuid

import shortuuid

from capsule import task


@task
def main() -> None:
    value = uuid.uuid4()
    assert (
        shortuuid.decode(shortuuid.encode(value)) == value and shortuuid.uuid() != shortuuid.uuid()
    )
