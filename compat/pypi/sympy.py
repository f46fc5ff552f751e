"""Solves, derives, integrates and simplifies."""

from sympy import Eq, Matrix, diff, integrate, limit, simplify, sin, solve, symbols

from capsule import task


@task(compute="HIGH")
def main() -> None:
    x, y = symbols("x y")
    assert solve(x**2 - 5 * x + 6, x) == [2, 3]
    assert solve([Eq(x + y, 3), Eq(x - y, 1)]) == {x: 2, y: 1}
    assert str(diff(sin(x) * x, x)) == "x*cos(x) + sin(x)"
    assert str(integrate(2 * x, (x, 0, 3))) == "9" and limit(sin(x) / x, x, 0) == 1
    assert simplify((x**2 - 1) / (x - 1)) == x + 1
    assert Matrix([[1, 2], [3, 4]]).det() == -2
