"""Runs the command `capsule`: python -m capsule."""

import sys

from ._client.command import main

sys.exit(main())
