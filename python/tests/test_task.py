import asyncio

import pytest

from capsule import TaskError, task, unwrap

ZERO = {
    "sandboxed": False,
    "duration_ms": 0,
    "retries": 0,
    "fuel_consumed": 0,
    "ram_used": 0,
    "host_requests": [],
}


@task(name="double", compute="LOW")
def double(n: int) -> int:
    """Twice as much."""
    return 2 * n


@task
def fail() -> None:
    raise KeyError("gone")


@task
async def later(n: int) -> int:
    await asyncio.sleep(0)
    return n


def test_a_call_on_the_host_runs_the_plain_function_and_gives_an_envelope():
    execution = {"task_name": "double", **ZERO}
    assert double(21) == {"success": True, "result": 42, "error": None, "execution": execution}
    assert double.__wrapped__(4) == 8
    assert double.__name__ == "double"
    assert double.__doc__ == "Twice as much."
    assert repr(double) == "<task 'double'>"


def test_a_bare_decorator_takes_the_name_of_the_function():
    assert fail.name == "fail"
    assert double.options == {"name": "double", "compute": "LOW"}


def test_a_failure_is_contained():
    envelope = fail()
    assert envelope["success"] is False
    assert envelope["result"] is None
    error = envelope["error"]
    assert error is not None
    assert (error["error_type"], error["message"]) == ("task_error", "KeyError: 'gone'")
    assert "test_task.py" in error["stack"]


def test_unwrap_gives_the_result_or_raises():
    assert unwrap(double(2)) == 4
    with pytest.raises(TaskError, match="gone") as raised:
        unwrap(fail())
    assert raised.value.error_type == "task_error"
    assert raised.value.stack is not None


def test_all_forms_of_a_call():
    assert double.submit(3).result(timeout=1)["result"] == 6
    assert double.submit(3).done()
    assert [envelope["result"] for envelope in double.map([1, 2])] == [2, 4]
    assert double(n=5)["result"] == 10
    assert later(7)["result"] == 7


def test_calls_inside_an_event_loop():
    async def gather() -> list:
        envelopes = await asyncio.gather(later.aio(1), double.aio(2), fail.aio())
        return [envelope["success"] for envelope in envelopes]

    assert asyncio.run(gather()) == [True, True, False]

    async def blocking() -> int:
        return unwrap(later(3))

    assert asyncio.run(blocking()) == 3


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="decorates a function, not int"):
        task(5)


def test_a_name_may_come_first():
    named = task("first", compute="LOW")(double.__wrapped__)
    assert (named.name, named.options) == ("first", {"name": "first", "compute": "LOW"})
    with pytest.raises(TypeError, match="twice"):
        task("first", name="second")  # type: ignore[call-overload]
