"""What a task has, as the host tells it."""

import os
import tempfile
from json import loads


def take(context: str) -> None:
    """Shows the task what it was given: its environment variables, and where it may write."""
    given = loads(context)
    os.environ.update(given["env"])
    folders = given["writable"]
    tempfile._candidate_tempdir_list = lambda: folders
    tempfile.tempdir = None
