"""Whatever ends a wait ends the run, before whoever waited goes on."""

import asyncio
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path

from workers import workers

import capsule
from capsule import open_sync, run, run_sync

GROWS = """
from capsule import task
@task(compute="HIGH")
def main():
    while True:
        with open("/work/log", "a") as log:
            log.write("x" * 100)
        print("on")
"""
#: Its load has no end.
ENDLESS = "from capsule import task\nwhile True: pass"
LOG = Path("work/log")


def options(**more: object) -> dict:
    """A program that writes to a file for as long as it runs."""
    LOG.parent.mkdir(exist_ok=True)
    LOG.unlink(missing_ok=True)
    return {"code": GROWS, "language": "python", "mounts": ["work"], **more}


def assert_over() -> None:
    """It had begun, and it is over."""
    size = LOG.stat().st_size
    assert size > 0
    time.sleep(0.1)
    assert LOG.stat().st_size == size, "the run goes on"


def wait_for_begin() -> None:
    """Until the program writes."""
    while not (LOG.exists() and LOG.stat().st_size > 0):
        time.sleep(0.005)


async def cancelled_task() -> None:
    """By `task.cancel()`."""
    heard = []
    task = asyncio.create_task(run(**options(on_event=heard.append)))
    await asyncio.to_thread(wait_for_begin)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        count = len(heard)
    assert_over()
    await asyncio.sleep(0.05)
    assert len(heard) == count, "it hears of events after its end"


async def timeout() -> None:
    """By `wait_for`, and by `timeout` where there is one."""
    started = time.monotonic()
    try:
        await asyncio.wait_for(run(**options()), 0.5)
    except asyncio.TimeoutError:
        assert time.monotonic() - started < 1.5
    else:
        raise AssertionError("no TimeoutError")
    assert_over()
    if sys.version_info >= (3, 11):
        try:
            async with asyncio.timeout(0.5):
                await run(**options())
        except TimeoutError:
            assert_over()
        else:
            raise AssertionError("no TimeoutError")


async def one_of_several() -> None:
    """Others go on."""
    code = "def main(n):\n  import time; time.sleep(n); return n"
    async with capsule.open(code=code, language="python") as program:
        others = [asyncio.create_task(program.call("main", [0.3])) for _ in range(10)]
        one = asyncio.create_task(program.call("main", [30]))
        await asyncio.sleep(0.1)
        one.cancel()
        envelopes = await asyncio.gather(one, *others, return_exceptions=True)
        assert isinstance(envelopes[0], asyncio.CancelledError)
        assert [envelope["result"] for envelope in envelopes[1:]] == [0.3] * 10


async def cancelled_open() -> None:
    """While it loads."""
    task = asyncio.create_task(capsule.open(code=ENDLESS, language="python").__aenter__())
    await asyncio.sleep(0.3)
    started = time.monotonic()
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert time.monotonic() - started < 1
    else:
        raise AssertionError("no CancelledError")


async def at_once() -> None:
    """Before anything was sent."""
    task = asyncio.create_task(run(**options()))
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        assert not LOG.exists()


async def raising_listener() -> None:
    """What a listener raises ends the run and comes out of it."""

    def listen(event: dict) -> None:
        if event["type"] == "output":
            raise LookupError("of the listener")

    try:
        await run(**options(on_event=listen))
    except LookupError:
        assert_over()
    else:
        raise AssertionError("no LookupError")
    try:
        run_sync(**options(on_event=listen))
    except LookupError:
        assert_over()
    else:
        raise AssertionError("no LookupError")


def interrupt() -> None:
    """Ctrl-C, in `run_sync`."""

    def press() -> None:
        wait_for_begin()
        os.kill(os.getpid(), signal.SIGINT)

    given = options()
    threading.Thread(target=press).start()
    try:
        run_sync(**given)
    except KeyboardInterrupt:
        assert_over()
    else:
        raise AssertionError("no KeyboardInterrupt")
    assert run_sync(code="def main(): return 1", language="python")["result"] == 1


def interrupts() -> None:
    """Ctrl-C at any moment costs the call that it hits, and no other one."""
    times = 200
    program = open_sync(code="def main(n): return n", language="python")
    ready = threading.Event()

    def press() -> None:
        for _ in range(times):
            ready.wait()
            ready.clear()
            time.sleep(random.uniform(0, 0.004))
            os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=press).start()
    n = 0
    for _ in range(times):
        try:
            ready.set()
            while True:
                n += 1
                assert program.call("main", [n])["result"] == n
        except KeyboardInterrupt:
            pass
    assert program.call("main", [-1])["result"] == -1
    assert len(workers()) == 1


def closed_loop() -> None:
    """A loop that is closed in the midst of a run."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(run(**options()))
    loop.run_until_complete(asyncio.sleep(0.5))
    wait_for_begin()
    loop.close()
    task.get_coro().close()
    # Nobody can wait for the end of that run.
    for _ in range(50):
        size = LOG.stat().st_size
        time.sleep(0.1)
        if LOG.stat().st_size == size:
            break
    assert_over()


for check in (cancelled_task, timeout, one_of_several, cancelled_open, at_once, raising_listener):
    asyncio.run(check())
interrupt()
interrupts()
closed_loop()
print("ok")
