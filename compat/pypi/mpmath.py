"""Computes with 50 digits."""

from mpmath import mp, quad, sqrt, zeta

from capsule import task


@task
def main() -> None:
    mp.dps = 50
    assert str(mp.pi)[:40] == "3.14159265358979323846264338327950288419"
    assert str(sqrt(2))[:30] == "1.4142135623730950488016887242"
    mp.dps = 15
    assert abs(quad(lambda x: x**2, [0, 3]) - 9) < 1e-12 and str(zeta(2))[:6] == "1.6449"
