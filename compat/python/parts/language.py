"""The language itself: its source, its code and its objects."""

import io

from tried import tries


@tries("abc", "ABC, abstractmethod")
def _(_server):
    import abc

    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self): ...

    try:
        Shape()
        raise AssertionError("no error")
    except TypeError as error:
        assert "abstract" in str(error)


@tries("annotationlib", "get_annotations in each format")
def _(_server):
    import annotationlib

    def function(a: Later): ...  # noqa: F821

    found = annotationlib.get_annotations(function, format=annotationlib.Format.STRING)
    assert found == {"a": "Later"}


@tries("ast", "parse, unparse, literal_eval, NodeTransformer")
def _(_server):
    import ast

    class Double(ast.NodeTransformer):
        def visit_Constant(self, node):
            return ast.Constant(node.value * 2)

    tree = ast.fix_missing_locations(Double().visit(ast.parse("x = 21")))
    assert ast.unparse(tree) == "x = 42" and ast.literal_eval("[1, {'a': (2,)}]") == [
        1,
        {"a": (2,)},
    ]


@tries("builtins", "eval, exec, compile")
def _(_server):
    import builtins

    names = {}
    exec(compile("def f(n): return n + 1", "x", "exec"), names)
    assert names["f"](1) == 2 and eval("2 ** 100") == 2**100 and builtins.sum([1]) == 1


@tries("code", "InteractiveInterpreter")
def _(_server):
    import code

    interpreter = code.InteractiveInterpreter()
    assert interpreter.runsource("x = 6 * 7") is False and interpreter.locals["x"] == 42
    assert interpreter.runsource("def f():") is True


@tries("codeop", "compile_command")
def _(_server):
    import codeop

    assert codeop.compile_command("if x:") is None and codeop.compile_command("1 + 1") is not None


@tries("compileall", "compile_dir")
def _(_server):
    import compileall
    import os

    os.makedirs("data/compiled", exist_ok=True)
    with open("data/compiled/module.py", "w") as file:
        file.write("X = 1")
    assert compileall.compile_dir("data/compiled", quiet=1, force=True)


@tries("contextlib", "contextmanager, ExitStack, suppress, redirect_stdout")
def _(_server):
    import contextlib

    events = []

    @contextlib.contextmanager
    def managed(name):
        events.append(f"+{name}")
        try:
            yield name
        finally:
            events.append(f"-{name}")

    with contextlib.ExitStack() as stack:
        stack.enter_context(managed("a"))
        stack.callback(events.append, "called")
    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.suppress(KeyError):
        print("x")
        {}["y"]
    assert events == ["+a", "called", "-a"] and output.getvalue() == "x\n"


@tries("contextvars", "ContextVar, copy_context")
def _(_server):
    import contextvars

    variable = contextvars.ContextVar("variable", default=1)
    contextvars.copy_context().run(variable.set, 2)
    assert variable.get() == 1


@tries("dataclasses", "dataclass, field, replace, asdict, slots, frozen")
def _(_server):
    import dataclasses

    @dataclasses.dataclass(frozen=True, slots=True, order=True)
    class Point:
        x: int
        y: list = dataclasses.field(default_factory=list, compare=False)

    point = dataclasses.replace(Point(1), x=2)
    assert dataclasses.asdict(point) == {"x": 2, "y": []} and Point(1) < point
    try:
        point.x = 3
        raise AssertionError("no error")
    except dataclasses.FrozenInstanceError:
        pass


@tries("dis", "get_instructions")
def _(_server):
    import dis

    names = [instruction.opname for instruction in dis.get_instructions("a + 1")]
    assert "BINARY_OP" in names


@tries("doctest", "run of examples")
def _(_server):
    import doctest

    test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n2\n>>> x\n3\n", {"x": 3}, "t", None, 0)
    assert doctest.DocTestRunner().run(test) == (0, 2)


@tries("functools", "cache, partial, reduce, singledispatch")
def _(_server):
    import functools

    @functools.cache
    def fibonacci(n):
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    @functools.singledispatch
    def kind(value):
        return "any"

    kind.register(int, lambda value: "int")
    assert fibonacci(90) == 2880067194370816120 and kind(1) + kind("") == "intany"
    assert functools.reduce(lambda a, b: a * b, [1, 2, 3]) == functools.partial(pow, 6)(1)


@tries("gc", "collect, isenabled")
def _(_server):
    import gc

    ring = []
    ring.append(ring)
    del ring
    assert gc.collect() >= 1 and gc.isenabled()


@tries("importlib", "import_module, find_spec, module_from_spec, metadata")
def _(_server):
    import importlib.machinery
    import importlib.metadata
    import importlib.util

    assert importlib.import_module("json.decoder").__name__ == "json.decoder"
    assert importlib.util.find_spec("nothing_of_that_name") is None
    spec = importlib.util.spec_from_loader("own", loader=None)
    assert importlib.util.module_from_spec(spec).__name__ == "own"
    assert isinstance(list(importlib.metadata.distributions()), list)


@tries("inspect", "signature, stack, source of the program's own")
def _(_server):
    import inspect

    def function(a, *, b: int = 2): ...

    assert str(inspect.signature(function)) == "(a, *, b: int = 2)"
    assert "def function" in inspect.getsource(function)
    assert inspect.stack()[0].function == "_"


@tries("itertools", "groupby, product, batched, pairwise, accumulate")
def _(_server):
    import itertools

    assert list(itertools.batched("abc", 2)) == [("a", "b"), ("c",)]
    assert len(list(itertools.product([1, 2], repeat=3))) == 8
    assert [(key, len(list(group))) for key, group in itertools.groupby("aab")] == [
        ("a", 2),
        ("b", 1),
    ]
    assert list(itertools.accumulate([1, 2, 3])) == [1, 3, 6]
    assert list(itertools.pairwise([1, 2, 3])) == [(1, 2), (2, 3)]


@tries("keyword", "iskeyword, softkwlist")
def _(_server):
    import keyword

    assert keyword.iskeyword("yield") and "match" in keyword.softkwlist


@tries("modulefinder", "what a script imports")
def _(_server):
    import modulefinder

    with open("data/script.py", "w") as file:
        file.write("X = 1\n")
    finder = modulefinder.ModuleFinder(path=["data"])
    finder.run_script("data/script.py")
    assert "__main__" in finder.modules


@tries("opcode", "opmap, stack_effect")
def _(_server):
    import opcode

    assert opcode.stack_effect(opcode.opmap["POP_TOP"]) == -1


@tries("operator", "itemgetter, methodcaller")
def _(_server):
    import operator

    assert sorted([(2, "a"), (1, "b")], key=operator.itemgetter(0))[0] == (1, "b")
    assert operator.methodcaller("upper")("x") == "X" and operator.matmul.__name__ == "matmul"


@tries("pkgutil", "iter_modules, resolve_name")
def _(_server):
    import pkgutil

    assert pkgutil.resolve_name("collections:OrderedDict").__name__ == "OrderedDict"
    assert isinstance(list(pkgutil.iter_modules(["data"])), list)


@tries("py_compile", "compile to a file")
def _(_server):
    import py_compile

    with open("data/one.py", "w") as file:
        file.write("X = 1")
    assert py_compile.compile("data/one.py", cfile="data/one.pyc") == "data/one.pyc"


@tries("pyclbr", "classes of a file")
def _(_server):
    import pyclbr

    with open("data/classes.py", "w") as file:
        file.write("class A:\n    def b(self): ...\n")
    assert list(pyclbr.readmodule_ex("classes", ["data"])["A"].methods) == ["b"]


@tries("pydoc", "the documentation of a function as text")
def _(_server):
    import pydoc

    assert "Return the sum" in pydoc.plain(pydoc.render_doc(sum))


@tries("pydoc_data", "the topics that help shows")
def _(_server):
    import pydoc_data.topics

    assert "if" in pydoc_data.topics.topics


@tries("rlcompleter", "Completer")
def _(_server):
    import rlcompleter

    assert rlcompleter.Completer({"value": 1}).complete("val", 0).startswith("value")


@tries("runpy", "run_path")
def _(_server):
    import runpy

    with open("data/run.py", "w") as file:
        file.write("X = __name__")
    assert runpy.run_path("data/run.py", run_name="own")["X"] == "own"


@tries("site", "the folders of packages")
def _(_server):
    import site

    assert isinstance(site.getsitepackages(), list)


@tries("sre_compile", "compile, by the old name of re._compiler")
def _(_server):
    import sre_compile

    assert sre_compile.compile("a+").match("aa")


@tries("sre_constants", "error, by the old name of re._constants")
def _(_server):
    import re
    import sre_constants

    assert sre_constants.error is re.PatternError


@tries("sre_parse", "parse, by the old name of re._parser")
def _(_server):
    import sre_parse

    assert len(sre_parse.parse("ab")) == 2


@tries("symtable", "names of a function")
def _(_server):
    import symtable

    table = symtable.symtable("def f(a): b = a", "x", "exec").lookup("f").get_namespace()
    assert sorted(table.get_locals()) == ["a", "b"]


@tries("sys", "version_info, getsizeof, setrecursionlimit and its error")
def _(_server):
    import sys

    assert sys.version_info[:2] == (3, 14) and sys.getsizeof([]) > 0 and sys.byteorder == "little"
    sys.setrecursionlimit(500)
    try:
        (lambda f: f(f))(lambda f: f(f))
        raise AssertionError("no error")
    except RecursionError:
        pass


@tries("sysconfig", "get_python_version, get_path_names")
def _(_server):
    import sysconfig

    assert sysconfig.get_python_version() == "3.14" and "stdlib" in sysconfig.get_path_names()


@tries("tabnanny", "check of a file")
def _(_server):
    import tabnanny

    with open("data/tabs.py", "w") as file:
        file.write("if 1:\n    x = 1\n")
    tabnanny.check("data/tabs.py")


@tries("token", "names of tokens")
def _(_server):
    import token

    assert token.tok_name[token.NAME] == "NAME"


@tries("tokenize", "tokens of source, untokenize")
def _(_server):
    import tokenize

    tokens = list(tokenize.generate_tokens(io.StringIO("a = f'{b}'").readline))
    assert tokens[0].string == "a" and tokenize.untokenize(tokens) == "a = f'{b}'"


@tries("traceback", "format_exc, with causes and notes")
def _(_server):
    import traceback

    try:
        raise ValueError("one") from KeyError("before")
    except ValueError as error:
        error.add_note("a note")
        text = traceback.format_exc()
    assert "ValueError: one" in text and "a note" in text and "direct cause" in text


@tries("types", "SimpleNamespace, MappingProxyType, new_class")
def _(_server):
    import types

    assert types.SimpleNamespace(a=1).a == 1 and types.new_class("A", (int,))(3) == 3
    try:
        types.MappingProxyType({})["a"] = 1
        raise AssertionError("no error")
    except TypeError:
        pass


@tries("typing", "Protocol, NamedTuple, Annotated")
def _(_server):
    import typing

    class Point(typing.NamedTuple):
        x: int
        y: int = 0

    @typing.runtime_checkable
    class Sized(typing.Protocol):
        def __len__(self) -> int: ...

    assert Point(1) == (1, 0) and isinstance([], Sized) and not isinstance(1, Sized)
    assert typing.get_args(typing.Annotated[int, "x"]) == (int, "x")


@tries("warnings", "warn, catch_warnings, filters")
def _(_server):
    import warnings

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert str(caught[0].message) == "old"
