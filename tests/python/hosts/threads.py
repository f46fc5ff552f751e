"""Many threads, many event loops and more requests than a worker takes, all at once."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from workers import workers

import capsule
from capsule import open_sync, run, run_sync

CODE = "def main(n, *, plus=0):\n  print(n)\n  return n + plus"
OPTIONS = {"code": CODE, "language": "python"}
AT_ONCE = 1500

shared = open_sync(**OPTIONS)


def by_run_sync(n: int) -> int:
    """With events, in a thread."""
    printed = []

    def listen(event: dict) -> None:
        assert threading.current_thread() is thread
        if event["type"] == "output":
            printed.append(event["data"])

    thread = threading.current_thread()
    envelope = run_sync(**OPTIONS, args=[n], kwargs={"plus": 1}, on_event=listen)
    assert b"".join(printed) == b"%d\n" % n
    return envelope["result"]


def by_program(n: int) -> int:
    """By a program that all threads share."""
    return shared.call("main", [n], {"plus": 1})["result"]


def by_loop(n: int) -> int:
    """In an event loop of its own."""

    async def call() -> int:
        async with capsule.open(**OPTIONS) as program:
            one, other = await asyncio.gather(
                program.call("main", [n]), run(**OPTIONS, args=[n], kwargs={"plus": 1})
            )
            assert one["result"] == n
            return other["result"]

    return asyncio.run(call())


with ThreadPoolExecutor(24) as threads:
    for way in (by_run_sync, by_program, by_loop):
        threads.map(way, range(3))
    results = {way: threads.map(way, range(100)) for way in (by_run_sync, by_program, by_loop)}
    for way, given in results.items():
        assert [*given] == [*range(1, 101)], way


async def all_at_once() -> None:
    """More than a worker takes."""
    async with capsule.open(**OPTIONS) as program:
        calls = (program.call("main", [n]) for n in range(AT_ONCE))
        envelopes = await asyncio.gather(*calls)
        assert [envelope["result"] for envelope in envelopes] == [*range(AT_ONCE)]


asyncio.run(all_at_once())
assert len(workers()) == 1
print("ok")
