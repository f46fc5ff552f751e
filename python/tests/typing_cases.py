"""What an editor knows of tasks: checked by mypy, run by nobody."""

from datetime import datetime, timezone
from pathlib import Path
from typing import Any, assert_type

from capsule import (
    Budget,
    CapsuleError,
    Envelope,
    Grants,
    Program,
    RunEvent,
    SyncProgram,
    Task,
    TaskFuture,
    TaskLimits,
    configure,
    open,
    open_sync,
    run,
    run_sync,
    task,
    unwrap,
)


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

assert_type(task("named", ram="1GB")(later.__wrapped__), Task[[], Any])

length(5)  # type: ignore[arg-type]
length()  # type: ignore[call-arg]
task(memory="1GB")  # type: ignore[call-overload]


async def run_cases() -> None:
    """What the functions of hosts take and give."""
    events: list[RunEvent] = []
    grants: Grants = {"allowed_hosts": ["a.b"], "allowed_files": ["x", {"path": "y", "mode": "ro"}]}
    envelope = await run(
        file=Path("a.py"), args=[1], kwargs={"a": 1}, grants=grants, on_event=events.append
    )
    assert_type(envelope, Envelope[Any])
    assert_type(run_sync(code="1", language="python", env={"A": "b"}), Envelope[Any])
    run_sync(file="a.py", seed=7, now=datetime.now(timezone.utc), labels=["nightly"])
    run_sync(file="a.py", now=5)  # type: ignore[arg-type]
    budget: Budget = {"ram": "2GB", "tasks_alive": 10}
    limits: TaskLimits = {"timeout": "1s", "max_retries": 1}
    assert_type(run_sync(file="a.py", limits=limits, stdin="a", capture=True), Envelope[Any])
    assert_type(await run(file="a.py", budget=budget), Envelope[Any])
    configure(ram="8GB")
    async with open(file="a.py", policy="none") as program:
        assert_type(program, Program)
        assert_type(await program.call("main", [1]), Envelope[Any])
    assert_type(await open(file="a.py"), Program)
    with open_sync(file="a.py") as other:
        assert_type(other, SyncProgram)
        assert_type(other.call("main", kwargs={"a": 1}), Envelope[Any])
        assert_type(other.tasks, list[str])

    for event in events:
        if event["type"] == "output":
            assert_type(event["data"], bytes)
        if event["type"] == "task_finished":
            assert_type(event["fuel_consumed"], int)

    try:
        await run(file="a.py")
    except CapsuleError as error:
        assert_type(error.hint, str | None)

    await run(fil="a.py")  # type: ignore[call-arg]
    await run(code="1", language="ruby")  # type: ignore[arg-type]
    run_sync(file="a.py", grants={"allow_all": []})  # type: ignore[arg-type]
    run_sync(file="a.py", policy="all")  # type: ignore[arg-type]
    run_sync(file="a.py", budget={"memory": 1})  # type: ignore[arg-type]
    run_sync(file="a.py", limits={"time": 1})  # type: ignore[arg-type]
    configure(ram=1.5)  # type: ignore[arg-type]
