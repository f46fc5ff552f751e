"""Groups rows.

Fails: needs numpy, which is native code.
"""

import pandas as pd

from capsule import task


@task
def main() -> None:
    frame = pd.DataFrame({"k": ["a", "b", "a"], "n": [1, 2, 3]})
    assert frame.groupby("k").n.sum().to_dict() == {"a": 4, "b": 2}
