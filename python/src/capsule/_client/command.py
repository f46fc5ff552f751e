"""The command `capsule`, which is the same everywhere."""

from __future__ import annotations

import os
import sys

from .._errors import CapsuleError
from .installed import capsule_command, deno_environment
from .request.packages import VARIABLE, package_path


def main() -> int:
    """Becomes the command line's own process, so that signals and its exit status are its own."""
    try:
        command = capsule_command(*sys.argv[1:])
    except CapsuleError as error:
        print(f"error: {error}", file=sys.stderr)
        if error.hint is not None:
            print(f"hint: {error.hint}", file=sys.stderr)
        return 2
    os.execve(command[0], command, {**deno_environment(), VARIABLE: package_path()})
