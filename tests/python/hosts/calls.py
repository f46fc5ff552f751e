"""Makes calls, thousands of them, and tells what this process and its worker hold before and after.

Usage: calls.py CALLS
"""

import asyncio
import gc
import json
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workers import workers

import capsule
from capsule import open_sync, run_sync

CALLERS = 4
ATTEMPTS = 8
SOURCES = {
    "typescript": """import { task } from "@capsule/sdk";
        export const main = task({ name: "main" },
          (n) => n % 10 ? { n, text: "x".repeat(n) } : null.n);""",
    "python": "def main(n): return {'n': n, 'text': 'x' * n} if n % 10 else None['n']",
}
OPTIONS = [{"language": language, "code": code} for language, code in SOURCES.items()]


def check(n: int, envelope: dict) -> None:
    """Every tenth fails."""
    if n % 10:
        assert len(envelope["result"]["text"]) == n, envelope
    else:
        assert envelope["error"]["error_type"] == "task_error", envelope


async def call_async(count: int, callers: int) -> None:
    """In an event loop."""
    programs = [await capsule.open(**options) for options in OPTIONS]
    numbers = iter(range(count))

    async def caller() -> None:
        for n in numbers:
            check(n % 1000, await programs[n % 2].call("main", [n % 1000]))

    await asyncio.gather(*(caller() for _ in range(callers)))
    for program in programs:
        program.close()


def call_sync(count: int, callers: int) -> None:
    """In threads."""
    programs = [open_sync(**options) for options in OPTIONS]

    def call(n: int) -> None:
        check(n % 1000, programs[n % 2].call("main", [n % 1000]))

    with ThreadPoolExecutor(callers) as threads:
        for _ in threads.map(call, range(count)):
            pass
    for program in programs:
        program.close()


def call(count: int, callers: int) -> None:
    """Half of them so, half of them so, and some by a run each."""
    asyncio.run(call_async(count // 2, callers))
    call_sync(count // 2, callers)
    for n in range(1, count // 100):
        check(n, run_sync(**OPTIONS[n % 2], args=[n]))


def held(process: int) -> dict:
    """What a process has."""
    folder = Path(f"/proc/{process}")
    status = (folder / "status").read_text()
    shared = (folder / "smaps_rollup").read_text()

    def figure(text: str, name: str) -> int:
        return int(re.search(rf"^{name}:\s*(\d+)", text, re.M)[1])

    return {
        # Its own, wherever the system keeps it: what it shares with others may be dropped.
        "ownKib": figure(shared, "Anonymous") + figure(shared, "Swap"),
        "threads": figure(status, "Threads"),
        "descriptors": len(os.listdir(folder / "fd")),
    }


def looks() -> dict:
    """Several looks at both processes, some calls apart, in the order of their memory."""
    found = {"host": [], "worker": []}
    for _ in range(4):
        call(500, CALLERS)
        gc.collect()
        time.sleep(0.25)
        (worker,) = workers()
        found["host"].append(held(os.getpid()))
        found["worker"].append(held(worker))
    return {name: sorted(looks, key=lambda look: look["ownKib"]) for name, looks in found.items()}


def has_grown(before: dict, after: dict) -> bool:
    """Whether one of them holds more than it did.

    Pools of threads grow up to their size, whenever many calls happen to be under way at once; and
    there are as many descriptors as images that sandboxes stand ready for.
    """
    return any(
        after[name]["ownKib"] > 1.05 * before[name]["ownKib"]
        or any(after[name][what] > before[name][what] for what in ("threads", "descriptors"))
        for name in before
    )


calls = int(sys.argv[1])
# What is kept for calls at once is there then, and allocators have what they share out.
for _ in range(3):
    call(calls, 2 * CALLERS)
before = {name: looks[-1] for name, looks in looks().items()}
# An allocator may widen something once, by some megabytes, and V8 lets its old generation grow up
# to its next collection: from 55 MB to 65 in 50,000 calls, and to no more in 70,000 others. What
# calls leave behind, they leave each time.
for attempt in range(1, ATTEMPTS + 1):
    started = time.monotonic()
    call(calls, CALLERS)
    seconds = time.monotonic() - started
    found = looks()
    after = {name: looks[0] for name, looks in found.items()}
    if not has_grown(before, after) or attempt == ATTEMPTS:
        break
    before = {name: looks[-1] for name, looks in found.items()}
print(json.dumps({"before": before, "after": after, "seconds": round(seconds, 3)}))
