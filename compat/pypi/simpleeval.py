"""Evaluates formulas, and nothing else."""

from simpleeval import FeatureNotAvailable, simple_eval

from capsule import task


@task
def main() -> None:
    assert simple_eval("max(a, 2) * 3", names={"a": 5}, functions={"max": max}) == 15
    try:
        simple_eval("().__class__")
        raise AssertionError("no error")
    except FeatureNotAvailable:
        pass
