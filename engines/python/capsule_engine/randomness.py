"""Fresh randomness in every call: the image of a program would repeat it."""

import os
import random
import tempfile


def reseed() -> None:
    """Seeds what draws from a state in memory. The rest asks the host each time."""
    random.seed(int.from_bytes(os.urandom(32)))
    tempfile._name_sequence = None
