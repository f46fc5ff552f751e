"""Functions that run in sandboxes of their own.

``run`` and ``open``, and without an event loop ``run_sync`` and ``open_sync``, run programs in
sandboxes:

    envelope = run_sync(file="sandbox.py", args=["1 + 1"])

``task`` declares a function of a program that runs in a sandbox of its own. Called on the host, as
here, it is not sandboxed:

>>> from capsule import task, unwrap
>>> @task(name="double", compute="LOW")
... def double(n: int) -> int:
...     return 2 * n
>>> unwrap(double(21))
42
>>> double(21)["execution"]["sandboxed"]
False
"""

from typing import TYPE_CHECKING, Any

from ._envelope import Envelope, EnvelopeError, ErrorType, Execution, TaskError, unwrap
from ._errors import CapsuleError, CapsuleErrorCode
from ._task import Task, TaskFuture, task

if TYPE_CHECKING:
    from . import http as http
    from ._client.configure import configure
    from ._client.open import Program, SyncProgram, open_sync
    from ._client.open import open as open
    from ._client.original_names import ErrorInfo as ErrorInfo
    from ._client.original_names import ExecutionInfo as ExecutionInfo
    from ._client.original_names import RunnerOptions as RunnerOptions
    from ._client.original_names import RunnerResult as RunnerResult
    from ._client.original_names import close_all as close_all
    from ._client.original_names import run_with_worker as run_with_worker
    from ._client.request.request import (
        Budget,
        FolderAccess,
        GrantedFolder,
        Grants,
        Secret,
        TaskLimits,
    )
    from ._client.run import run, run_sync
    from ._client.worker.events import RunEvent

# Not `open`: a program that imports all of this keeps Python's own.
__all__ = [
    "Budget",
    "CapsuleError",
    "CapsuleErrorCode",
    "Envelope",
    "EnvelopeError",
    "ErrorType",
    "Execution",
    "FolderAccess",
    "GrantedFolder",
    "Grants",
    "Program",
    "RunEvent",
    "Secret",
    "SyncProgram",
    "Task",
    "TaskError",
    "TaskFuture",
    "TaskLimits",
    "configure",
    "open_sync",
    "run",
    "run_sync",
    "task",
    "unwrap",
]

#: What only hosts have, by the module that holds it: loaded when it is first asked for.
_CLIENT = {
    "Budget": "request.request",
    "ErrorInfo": "original_names",
    "ExecutionInfo": "original_names",
    "FolderAccess": "request.request",
    "GrantedFolder": "request.request",
    "Grants": "request.request",
    "Program": "open",
    "RunEvent": "worker.events",
    "RunnerOptions": "original_names",
    "RunnerResult": "original_names",
    "Secret": "request.request",
    "SyncProgram": "open",
    "TaskLimits": "request.request",
    "close_all": "original_names",
    "configure": "configure",
    "open": "open",
    "open_sync": "open",
    "run": "run",
    "run_sync": "run",
    "run_with_worker": "original_names",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *_CLIENT, "http"})


def __getattr__(name: str) -> Any:
    if name not in _CLIENT and name != "http":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    if name == "http":
        return import_module(".http", __name__)
    try:
        value = getattr(import_module(f"._client.{_CLIENT[name]}", __name__), name)
    except ModuleNotFoundError as error:
        if error.name != f"{__name__}._client":
            raise
        value = _in_sandbox(name)
    globals()[name] = value
    return value


def _in_sandbox(name: str) -> Any:
    """What stands for it in a sandbox: a program that runs itself on a host can be loaded there."""
    if name[0].isupper():
        return Any

    def refuse(*_args: object, **_options: object) -> None:
        raise RuntimeError(f"capsule.{name} is for hosts: in a sandbox, call tasks")

    return refuse
