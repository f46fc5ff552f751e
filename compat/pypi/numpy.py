"""Multiplies matrices.

Fails: numpy is native code.
"""

import numpy as np

from capsule import task


@task
def main() -> None:
    assert (np.array([[1, 2], [3, 4]]) @ np.array([1, 1])).tolist() == [3, 7]
