"""The worker is killed: whoever waits is told, and everything else goes on with another one."""

import asyncio
import os
import signal
import time
from pathlib import Path

from workers import workers

import capsule
from capsule import CapsuleError, run, run_sync

CODE = "def main(n):\n  import time; time.sleep(n); return n"
#: Its load has no end.
ENDLESS = "from capsule import task\nwhile True: pass"
OPTIONS = {"code": CODE, "language": "python"}
AT_ONCE = 1100


def kill() -> None:
    """Kills the worker, and waits until its client has seen that."""
    (worker,) = workers()
    os.kill(worker, signal.SIGKILL)
    while Path(f"/proc/{worker}").exists():
        time.sleep(0.01)


def assert_lost(envelope: dict) -> None:
    """It says what has happened."""
    assert envelope["success"] is False
    assert envelope["result"] is None
    assert envelope["error"] == {
        "error_type": "internal_error",
        "message": "the worker process was ended by signal 9 during the call",
    }
    assert envelope["execution"]["task_name"] == "main"


async def main() -> None:
    """Kills workers at all times."""
    program = await capsule.open(**OPTIONS)
    # The first 1,000 are under way, the others wait for their turn.
    seconds = [30] * 1000 + [0.1] * (AT_ONCE - 1000)
    calls = [asyncio.create_task(program.call("main", [n])) for n in seconds]
    runs = [asyncio.create_task(run(**OPTIONS, args=[0.5])) for _ in range(5)]
    await asyncio.sleep(0.5)
    await asyncio.to_thread(kill)
    envelopes = await asyncio.gather(*calls)
    for envelope in envelopes[:1000]:
        assert_lost(envelope)
    assert [envelope["result"] for envelope in envelopes[1000:]] == seconds[1000:]
    assert [envelope["result"] for envelope in await asyncio.gather(*runs)] == [0.5] * 5

    # Nothing is under way.
    await asyncio.to_thread(kill)
    assert (await program.call("main", [0]))["result"] == 0
    assert program.tasks == ["main"]
    await asyncio.to_thread(kill)
    several = await asyncio.gather(*(program.call("main", [0.1]) for _ in range(20)))
    assert [envelope["result"] for envelope in several] == [0.1] * 20
    program.close()
    try:
        await program.call("main", [0])
    except CapsuleError as error:
        assert error.code == "invalid_argument"
    else:
        raise AssertionError("no CapsuleError")

    # A program that is being loaded.
    async def open_endless() -> None:
        await capsule.open(code=ENDLESS, language="python")

    opening = asyncio.create_task(open_endless())
    await asyncio.sleep(0.3)
    await asyncio.to_thread(kill)
    try:
        await opening
    except CapsuleError as error:
        assert error.code == "internal", error
    else:
        raise AssertionError("no CapsuleError")


asyncio.run(main())
started = time.monotonic()
assert run_sync(**OPTIONS, args=[0])["result"] == 0
assert time.monotonic() - started < 5
print("ok")
