"""The tasks of the program, and calls from one to another: each runs in its own sandbox."""

import asyncio
import sys
from concurrent.futures import CancelledError
from json import dumps
from typing import Any

from capsule._task import Task
from capsule_engine import dropped, host
from capsule_engine.event_loop import OperationLoop
from capsule_engine.serialize import serialize


class SandboxBackend:
    """Records declared tasks, and calls tasks through the host."""

    def __init__(self) -> None:
        #: In the order of their declaration, also two with the same name, which the host refuses.
        self.declared: list[Task[Any, Any]] = []
        #: Their declarations as JSON, fixed when they are declared.
        self.declarations: list[str] = []

    def declare(self, task: Task[Any, Any]) -> None:
        self.declared.append(task)
        declaration = {"name": task.name, "options": _describe(task.options)}
        self.declarations.append(dumps(declaration))

    def variables(self) -> list[str]:
        """Names of the variables that tasks will have."""
        options = [task.options.get("env_variables") for task in self.declared]
        lists = [names for names in options if isinstance(names, list)]
        return [name for names in lists for name in names if isinstance(name, str)]

    def find(self, name: str) -> Task[Any, Any]:
        """The task of this name: the last, as a script that runs again declares again."""
        for task in reversed(self.declared):
            if task.name == name:
                return task
        raise LookupError(f"there is no task {name!r}")

    def call(self, task: Task[Any, Any], args: tuple, kwargs: dict) -> Any:
        envelope = host.wait(_start(task, args, kwargs))
        if not envelope["success"]:
            # The frame that calls the task: the next one is the task's own.
            dropped.tell(task, envelope, sys._getframe(2))
        return envelope

    def submit(self, task: Task[Any, Any], args: tuple, kwargs: dict) -> "SandboxFuture":
        return SandboxFuture(_start(task, args, kwargs))

    async def aio(self, task: Task[Any, Any], args: tuple, kwargs: dict) -> Any:
        loop = asyncio.get_running_loop()
        if not isinstance(loop, OperationLoop):
            return SandboxFuture(_start(task, args, kwargs)).result()
        return host.outcome_of(await loop.operation(_start(task, args, kwargs)))


def _start(task: Task[Any, Any], args: tuple, kwargs: dict) -> int:
    arguments, data = serialize({"args": args, "kwargs": kwargs}, "arguments")
    return host.start_json("call", f'{{"task":{dumps(task.name)},"input":{arguments}}}', data)


class SandboxFuture:
    """A sub-task that has started, in the manner of concurrent.futures."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._envelope: Any = None
        self._cancelled = False

    def result(self, timeout: float | None = None) -> Any:
        if self._cancelled:
            raise CancelledError()
        if self._envelope is None:
            self._envelope = host.wait(self._handle, timeout)
        return self._envelope

    def exception(self, timeout: float | None = None) -> None:
        """None: a task that fails gives an envelope."""
        self.result(timeout)

    def done(self) -> bool:
        try:
            self.result(0)
        except TimeoutError:
            return False
        except CancelledError:
            pass
        return True

    def running(self) -> bool:
        return not self.done()

    def cancel(self) -> bool:
        if not self._cancelled and self.done():
            return False
        host.cancel(self._handle)
        self._cancelled = True
        return True

    def cancelled(self) -> bool:
        return self._cancelled


def _describe(options: dict[str, Any]) -> Any:
    """Options as JSON: what it cannot hold becomes a description that no option accepts."""

    def described(value: Any) -> Any:
        if value is None or isinstance(value, (bool, int, str)):
            return value
        if isinstance(value, float):
            return value if value - value == 0 else {"unsupported": str(value)}
        if isinstance(value, (list, tuple)):
            return [described(item) for item in value]
        if isinstance(value, dict):
            return {str(key): described(item) for key, item in value.items()}
        return {"unsupported": type(value).__name__}

    return described(options)
