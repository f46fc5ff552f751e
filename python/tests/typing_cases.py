"""What an editor knows of tasks: checked by mypy, run by nobody."""

from typing import assert_type

from capsule import Envelope, Task, TaskFuture, task, unwrap


@task(name="length", compute="LOW", ram="64MB", timeout="1s")
def length(text: str, times: int = 1) -> int:
    return len(text) * times


@task
def bare(n: float) -> str:
    return str(n)


@task
async def later() -> list[int]:
    return [1]


assert_type(length, Task[[str, int], int]) if False else None
assert_type(length("a"), Envelope[int])
assert_type(length("a", times=2), Envelope[int])
assert_type(unwrap(bare(1.5)), str)
assert_type(later(), Envelope[list[int]])
future: TaskFuture[int] = length.submit("a")
assert_type(future.result(), Envelope[int])
assert_type(length("a")["execution"]["fuel_consumed"], int)

length(5)  # type: ignore[arg-type]
length()  # type: ignore[call-arg]
task(memory="1GB")  # type: ignore[call-overload]
