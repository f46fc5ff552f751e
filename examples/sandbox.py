"""Evaluates code that nobody has looked at: capsule run examples/sandbox.py '6 * 7'"""

import ast

from capsule import task


@task(name="main", compute="MEDIUM", ram="64MB", timeout="2s")
def main(code: str) -> object:
    body = ast.parse(code, "<code>").body
    scope: dict = {"__name__": "__code__"}
    # As a prompt does: the value of the last expression counts.
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    exec(compile(ast.Module(body, []), "<code>", "exec"), scope)
    if last is None:
        return None
    return eval(compile(ast.Expression(last.value), "<code>", "eval"), scope)
