"""What a task has, as the host tells it."""

import os
import tempfile
from json import loads

from wit_world.imports import operations


def take(context: str) -> bytes:
    """Shows the task what it was given: its environment variables, and where it may write.

    Returns the bytes of its arguments.
    """
    given = loads(context)
    if "env" in given:
        os.environ.update(given["env"])
        folders = given["writable"]
        tempfile._candidate_tempdir_list = lambda: folders
        tempfile.tempdir = None
    return operations.argument_bytes() if "bytes" in given else b""
