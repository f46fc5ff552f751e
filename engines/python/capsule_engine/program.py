"""The program: its modules, its tasks, and what stands for a main."""

from __future__ import annotations

import ast
import asyncio
import importlib
import inspect
import linecache
import sys
from importlib.abc import InspectLoader, MetaPathFinder
from importlib.machinery import ModuleSpec
from json import dumps, loads
from pathlib import PurePosixPath
from types import CodeType, ModuleType
from typing import Any

from capsule._payload import decode
from capsule._task import Task
from capsule_engine import own_calls, packages
from capsule_engine.library import standard_library
from capsule_engine.serialize import serialize
from capsule_engine.tasks import SandboxBackend


class Program:
    """One file, and the modules beside it that it imports."""

    def __init__(
        self, path: str, source: str, modules: dict[str, bytes], backend: SandboxBackend
    ) -> None:
        #: Source text by the file name that tracebacks show.
        self.sources: dict[str, str] = {}
        self._path = path
        self._source = source.removeprefix("\ufeff")
        self._modules = modules
        self._backend = backend
        self._code: CodeType | None = None
        self._has_main = False
        #: Of a program without tasks that has a `main`, and what stands under
        #: `if __name__ == "__main__":` there.
        self._module: ModuleType | None = None
        self._guarded: CodeType | None = None

    def load(self) -> str:
        """Runs the top-level code, unless it is a script's. Returns the declarations as JSON."""
        folder = PurePosixPath(self._path).parent
        self._remember(self._path, self._source)
        sys.meta_path.insert(0, ModuleFinder(self, str(folder), self._modules))
        self._uncover_modules()
        sys.argv = [self._path]

        tree = ast.parse(self._source, self._path)
        implicit = None
        is_script = _is_script(tree)
        self._has_main = _binds_main(tree.body)
        guarded = own_calls.guarded(tree)
        self._code = self._compile(own_calls.mark(tree) if is_script else tree)
        if is_script:
            self._import_ahead(tree)
            implicit = "script"
        else:
            name = PurePosixPath(self._path).stem
            module = ModuleType("__program__" if name in sys.modules else name)
            self._execute(module)
            if not any(task.name == "main" for task in self._backend.declared):
                implicit = "script"
                if callable(getattr(module, "main", None)):
                    implicit = "function"
                    self._guarded = guarded and self._compile(guarded)
                    self._module = module
                    self._backend.declare(Task(module.main, "main", {}))
        packages.import_late()
        tasks = ",".join(self._backend.declarations)
        return f'{{"tasks":[{tasks}],"implicit_main":{dumps(implicit)}}}'

    def run(self, task: str, input: str, data: bytes) -> tuple[str, bytes]:
        """Runs a task. Returns its result as JSON, and the bytes beside it."""
        arguments = decode(input, data) if data else loads(input)
        args, kwargs = arguments.get("args", []), arguments.get("kwargs", {})
        try:
            result = self._call(task, args, kwargs)
            if inspect.isawaitable(result):
                result = asyncio.run(_awaited(result))
        except SystemExit as exit:
            if exit.code not in (None, 0):
                raise
            result = None
        return serialize(result, "result")

    def _call(self, task: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        is_declared = any(declared.name == task for declared in self._backend.declared)
        if task == "main" and not is_declared:
            return self._run_script(args, kwargs)
        function = self._backend.find(task).__wrapped__
        if task == "main" and self._guarded and not args:
            # It may be written to be called with what stands there.
            if not own_calls.takes(function, args, kwargs):
                return self._run_guarded()
        return function(*args, **kwargs)

    def _run_script(self, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """Runs the program as `python FILE ARGS` does. If it has a `main`, that is called once: by
        the program, or with the arguments of the host."""
        sys.argv = [self._path, *map(str, args)]
        module = ModuleType("__main__")
        calls = own_calls.OwnCalls(module.__dict__, args, kwargs)
        setattr(module, own_calls.NAME, calls)
        self._execute(module)
        main = getattr(module, "main", None)
        if callable(main) and self._has_main and not (calls.was_called and calls.are_made):
            return main(*args, **kwargs)
        return calls.take()

    def _run_guarded(self) -> Any:
        assert self._module is not None and self._guarded is not None
        sys.modules["__main__"] = self._module
        namespace = self._module.__dict__
        calls = own_calls.OwnCalls(namespace, [], {})
        namespace |= {"__name__": "__main__", own_calls.NAME: calls}
        exec(self._guarded, namespace)
        return calls.take()

    def _compile(self, tree: ast.Module) -> CodeType:
        return compile(tree, self._path, "exec", dont_inherit=True)

    def _execute(self, module: ModuleType) -> None:
        module.__file__ = self._path
        # Classes and pickles find their module by its name.
        sys.modules[module.__name__] = module
        assert self._code is not None
        exec(self._code, module.__dict__)

    def _uncover_modules(self) -> None:
        """Forgets modules of the standard library that the program has its own of, as its folder
        comes first: all but those that every interpreter has imported already."""
        names = {file.split("/")[0].removesuffix(".py") for file in self._modules}
        for name in names - standard_library.AT_START:
            if name not in sys.modules:
                # To look further would change the reference count of all names.
                continue
            for module in [m for m in sys.modules if m == name or m.startswith(f"{name}.")]:
                del sys.modules[module]

    def _import_ahead(self, tree: ast.Module) -> None:
        """Imports what a script will, for all its runs. What fails, fails there again."""
        for statement in tree.body:
            names = []
            if isinstance(statement, ast.Import):
                names = [alias.name for alias in statement.names]
            elif (
                isinstance(statement, ast.ImportFrom) and statement.level == 0 and statement.module
            ):
                names = [statement.module]
            for name in names:
                # Modules beside the script may act when they are imported, as the script does.
                if _module_path(name) in self._modules or f"{name}/__init__.py" in self._modules:
                    continue
                try:
                    importlib.import_module(name)
                except BaseException:
                    pass

    def _remember(self, shown: str, source: str) -> None:
        """Lets tracebacks show lines of a file that is not in the sandbox."""
        self.sources[shown] = source
        linecache.cache[shown] = (len(source), None, source.splitlines(True), shown)


async def _awaited(result: Any) -> Any:
    return await result


def _is_script(tree: ast.Module) -> bool:
    """Whether nothing is declared: no import of capsule, and no `main` for the host to call."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                if any(alias.name.split(".")[0] == "capsule" for alias in names):
                    return False
            case ast.ImportFrom(module=str(module), level=0):
                if module.split(".")[0] == "capsule":
                    return False
    return not _binds_main(tree.body) or own_calls.calls_main(tree)


def _binds_main(statements: list[Any]) -> bool:
    """Whether module-level code gives something the name `main`, other than as a script."""
    for statement in statements:
        match statement:
            case ast.FunctionDef(name="main") | ast.AsyncFunctionDef(name="main"):
                return True
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                if any((alias.asname or alias.name) == "main" for alias in names):
                    return True
            case ast.Assign(targets=targets):
                if any(isinstance(name, ast.Name) and name.id == "main" for name in targets):
                    return True
            case ast.AnnAssign(target=ast.Name(id="main"), value=ast.AST()):
                return True
            case ast.If() if own_calls.is_guard(statement):
                continue
            case ast.If() | ast.Try() | ast.With():
                if any(_binds_main(part) for part in _parts(statement)):
                    return True
    return False


def _parts(statement: Any) -> list[list[Any]]:
    """The bodies of a compound statement."""
    handlers = [handler.body for handler in getattr(statement, "handlers", [])]
    fields = ("body", "orelse", "finalbody")
    return [getattr(statement, field, []) for field in fields] + handlers


def _module_path(name: str) -> str:
    return name.replace(".", "/") + ".py"


class ModuleFinder(MetaPathFinder):
    """Finds the program's own modules, before any other: a script's folder comes first."""

    def __init__(self, program: Program, folder: str, modules: dict[str, bytes]) -> None:
        self._program = program
        self._folder = folder
        self._modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        stem = name.replace(".", "/")
        for file, is_package in ((f"{stem}/__init__.py", True), (f"{stem}.py", False)):
            data = self._modules.get(file)
            if data is None:
                continue
            shown = file if self._folder in ("", ".") else f"{self._folder}/{file}"
            loader = ModuleLoader(self._program, shown, data, is_package)
            spec = ModuleSpec(name, loader, origin=shown, is_package=is_package)
            spec.has_location = True
            if is_package:
                spec.submodule_search_locations = [shown.removesuffix("/__init__.py")]
            return spec
        return self._namespace(name, stem)

    def _namespace(self, name: str, stem: str) -> ModuleSpec | None:
        """A folder of modules without an `__init__.py`."""
        is_folder = any(file.startswith(f"{stem}/") for file in self._modules)
        if not is_folder or name in sys.stdlib_module_names:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = [stem]
        return spec


class ModuleLoader(InspectLoader):
    """Loads one of the program's modules."""

    def __init__(self, program: Program, shown: str, data: bytes, is_package: bool) -> None:
        self._program = program
        self._shown = shown
        self._data = data
        self._is_package = is_package

    def is_package(self, fullname: str) -> bool:
        return self._is_package

    def get_source(self, fullname: str) -> str:
        return self._data.decode("utf-8-sig")

    def get_code(self, fullname: str) -> CodeType:
        source = self.get_source(fullname)
        self._program._remember(self._shown, source)
        return compile(source, self._shown, "exec", dont_inherit=True)
