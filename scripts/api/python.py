"""The API reference of the package ``capsule``, as Markdown: what is public, by its sources.

Usage: python scripts/api/python.py > docs/api/python.md
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "python" / "src" / "capsule"
#: Public, and not in ``__all__``: ``from capsule import *`` keeps Python's own ``open``.
BESIDE_ALL = ["open"]
#: Sections of a docstring, as they are called on the page.
TITLES = {
    "Args": "Arguments",
    "Attributes": "Attributes",
    "Raises": "Raises",
    "Returns": "Returns",
}


class Module:
    """A file of the package, and what it declares."""

    def __init__(self, path: Path) -> None:
        self.source = path.read_text()
        self.tree = ast.parse(self.source)
        self.declared: dict[str, list[ast.stmt]] = {}
        for node in self.tree.body:
            for name in _names(node):
                self.declared.setdefault(name, []).append(node)

    def public_names(self) -> list[str]:
        """What ``__all__`` lists."""
        [node] = self.declared["__all__"]
        assert isinstance(node, ast.Assign)
        names: list[str] = ast.literal_eval(node.value)
        return names

    def imported(self, name: str) -> Module:
        """The module that an imported name is declared in."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and any(name == a.name for a in node.names):
                return Module(PACKAGE / f"{(node.module or '').replace('.', '/')}.py")
        raise LookupError(f"Cannot find where {name} is imported from")

    def text(self, node: ast.stmt) -> str:
        """The lines of a node, with the comments before it."""
        lines = self.source.splitlines()
        first = _first_line(node)
        while lines[first - 2].lstrip().startswith("#:"):
            first -= 1
        return textwrap.dedent("\n".join(lines[first - 1 : node.end_lineno]))

    def comment(self, node: ast.stmt) -> str | None:
        """The comment before a declaration that is no class or function."""
        lines = self.text(node).splitlines()
        return "\n".join(line[2:].strip() for line in lines if line.startswith("#:")) or None

    def code(self, node: ast.stmt) -> str:
        """A declaration without its docstring and without bodies of functions."""
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[0]
            lines = self.source.splitlines()[: body.lineno]
            lines[-1] = lines[-1].encode()[: body.col_offset].decode()
            text = textwrap.dedent("\n".join(lines[_first_line(node) - 1 :]))
            return text.rstrip().removesuffix(":")
        if not isinstance(node, ast.ClassDef):
            return re.sub(r"(?m)^#:.*\n", "", self.text(node))
        bases = [ast.unparse(base) for base in node.bases]
        options = [f"{option.arg}={ast.unparse(option.value)}" for option in node.keywords]
        listed = ", ".join([*bases, *options])
        head = f"class {node.name}({listed})" if listed else f"class {node.name}"
        fields = [self.text(member) for member in node.body if isinstance(member, ast.AnnAssign)]
        own = "\n".join([f"{head}:", *(textwrap.indent(text, "    ") for text in fields)])
        inherited = [self.code(self.declared[base][0]) for base in bases if base.startswith("_")]
        return "\n\n\n".join([*inherited, own if fields else head])


def main() -> None:
    """Writes the page to standard output."""
    package = Module(PACKAGE / "__init__.py")
    parts = ["# capsule", _markdown(ast.get_docstring(package.tree), "capsule")]
    for name in sorted([*BESIDE_ALL, *package.public_names()], key=str.lower):
        parts += _described(package.imported(name), name)
    http = Module(PACKAGE / "http.py")
    parts += ["# capsule.http", _markdown(ast.get_docstring(http.tree), "http")]
    for name in http.public_names():
        parts += _described(http, name)
    print("\n\n".join(parts))


def _described(module: Module, name: str, level: int = 2) -> list[str]:
    *overloads, last = module.declared[name]
    # What implements overloads has a signature of no interest.
    code = "\n".join(map(module.code, overloads or [last])).replace("@overload\n", "")
    parts = _section(name, code, level)
    if not isinstance(last, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        parts.append(_markdown(module.comment(last), name))
        for part in _parts_of(module, last):
            parts += _described(module, part, level + 1)
        return parts
    parts.append(_markdown(ast.get_docstring(last), name))
    for member in last.body if isinstance(last, ast.ClassDef) else []:
        if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name[0] != "_":
            parts += _section(f"{name}.{member.name}", module.code(member), level + 1)
            parts.append(_markdown(ast.get_docstring(member), f"{name}.{member.name}"))
    return parts


def _section(name: str, code: str, level: int) -> list[str]:
    return [f"{'#' * level} {name}", f"```python\n{code}\n```"]


def _parts_of(module: Module, alias: ast.stmt) -> list[str]:
    """The classes that a type stands for, and those of their fields."""
    found: list[str] = []
    waiting = [alias]
    while waiting:
        used = [node for node in ast.walk(waiting.pop(0)) if isinstance(node, ast.Name)]
        for name in sorted(used, key=lambda node: (node.lineno, node.col_offset)):
            node = module.declared.get(name.id, [None])[0]
            if isinstance(node, ast.ClassDef) and name.id not in found:
                found.append(name.id)
                waiting.append(node)
    return found


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _markdown(docstring: str | None, name: str) -> str:
    """A docstring in the style of Google, as Markdown."""
    if docstring is None:
        raise ValueError(f"Cannot describe {name}: it has no docstring")
    text = inspect.cleandoc(docstring).replace("``", "`")
    # Examples that doctest runs: up to an empty line.
    text = re.sub(r"(?m)^(>>> (?:.+\n)+)", _fenced, f"{text}\n")
    return re.sub(rf"(?m)^({'|'.join(TITLES)}):\n((?: {{4,}}.*\n|\n(?= ))+)", _list, text).strip()


def _fenced(example: re.Match[str]) -> str:
    return f"```python\n{example[1].rstrip()}\n```\n"


def _list(section: re.Match[str]) -> str:
    body = textwrap.dedent(section[2])
    items = re.sub(r"(?m)^(\*{0,2}[\w.]+): ", r"- `\1`: ", body)
    return f"{TITLES[section[1]]}:\n\n{items}"


main()
