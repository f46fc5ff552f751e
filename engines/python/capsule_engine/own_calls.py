"""Calls of `main` that a program makes itself, as scripts do: they run inside the task, once."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Coroutine
from typing import Any

from capsule_engine.serialize import InvalidResult, serialize

#: What the calls are bound to, in the program's module.
NAME = "__capsule_calls__"


def calls_main(tree: ast.Module) -> bool:
    """Whether top-level code calls `main`, other than under ``if __name__ == "__main__":``."""
    calls = _OwnCalls(skip_guards=True)
    for statement in tree.body:
        calls.visit(statement)
    return calls.count > 0


def mark(tree: ast.Module) -> ast.Module:
    """The same program. Its calls of `main` tell their results, and may be left out."""
    return ast.fix_missing_locations(_OwnCalls(skip_guards=False, rewrite=True).visit(tree))


def guarded(tree: ast.Module) -> ast.Module | None:
    """What stands under ``if __name__ == "__main__":``, if something does."""
    guards: list[ast.stmt] = [statement for statement in tree.body if is_guard(statement)]
    return mark(ast.Module(guards, [])) if guards else None


def is_guard(statement: ast.AST) -> bool:
    """Whether a statement is ``if __name__ == "__main__":``."""
    match statement:
        case ast.If(test=ast.Compare(left=ast.Name(id="__name__"))):
            return True
        case ast.If(test=ast.Compare(comparators=[ast.Name(id="__name__")])):
            return True
    return False


class OwnCalls:
    """The calls of one run, and what the last one gave."""

    def __init__(self, module: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> None:
        self._module = module
        self._has_arguments = bool(args or kwargs)
        self._was_called = False
        self._result: Any = None

    @property
    def are_made(self) -> bool:
        """Whether the program's own calls count, and not the host's: that has arguments to pass."""
        return not self._has_arguments or not _parameters(self._module.get("main"))

    @property
    def was_called(self) -> bool:
        """Whether the program has called `main`."""
        return self._was_called

    def keep(self, result: Any) -> Any:
        """Hears what a call gave."""
        self._was_called = True
        self._result = self._awaiting(result) if inspect.iscoroutine(result) else result
        return self._result

    def take(self) -> Any:
        """What the last call gave. An awaitable, if the program has not awaited it; None, if it has
        no JSON: the program did not mean it for the host."""
        if inspect.iscoroutine(self._result):
            return self._result
        try:
            serialize(self._result, "result")
        except InvalidResult:
            return None
        return self._result

    async def _awaiting(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        self._result = None
        self._result = await coroutine
        return self._result


def takes(function: Any, args: list[Any], kwargs: dict[str, Any]) -> bool:
    """Whether a function can be called so."""
    try:
        inspect.signature(function).bind(*args, **kwargs)
    except TypeError:
        return False
    except ValueError:
        # It has no signature.
        pass
    return True


def _parameters(function: Any) -> bool:
    try:
        return bool(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return True


class _OwnCalls(ast.NodeTransformer):
    """Finds calls of `main` that run when the module does."""

    def __init__(self, *, skip_guards: bool, rewrite: bool = False) -> None:
        self.count = 0
        self._skip_guards = skip_guards
        self._rewrite = rewrite

    def _leave(self, node: ast.AST) -> ast.AST:
        return node

    # Their bodies run when somebody calls them.
    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = visit_ClassDef = _leave

    def visit_If(self, node: ast.If) -> ast.AST:
        return node if self._skip_guards and is_guard(node) else self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        before = self.count
        self.generic_visit(node)
        if not self._rewrite or self.count == before:
            return node
        return ast.copy_location(ast.If(_member("are_made"), [node], []), node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        match node.func:
            case ast.Name(id="main"):
                self.count += 1
                if self._rewrite:
                    return ast.copy_location(ast.Call(_member("keep"), [node], []), node)
        return node


def _member(name: str) -> ast.expr:
    return ast.Attribute(ast.Name(NAME, ast.Load()), name, ast.Load())
