"""Tasks that run in sandboxes of their own: ``task`` declares one.

>>> from capsule import task, unwrap
>>> @task(name="double", compute="LOW")
... def double(n: int) -> int:
...     return 2 * n
>>> unwrap(double(21))
42
"""

from ._envelope import Envelope, EnvelopeError, ErrorType, Execution, TaskError, unwrap
from ._task import Task, TaskFuture, task

__all__ = [
    "Envelope",
    "EnvelopeError",
    "ErrorType",
    "Execution",
    "Task",
    "TaskError",
    "TaskFuture",
    "task",
    "unwrap",
]
