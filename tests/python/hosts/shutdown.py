"""Calls while the interpreter shuts down: each gives its result or says at once why it cannot."""

import asyncio
import atexit
import sys
import threading
import time

from capsule import CapsuleError, open_sync, run, run_sync

OPTIONS = {"code": "def main(n): return n", "language": "python"}
#: Whether a worker runs before the interpreter shuts down: "cold", "warm" or "threads".
is_warm = sys.argv[1] != "cold"


def attempt(name, call):
    """Prints what a call gives, or raises."""
    try:
        print(name, call()["result"], flush=True)
    except CapsuleError as error:
        print(name, error.code, error, flush=True)


def attempt_all(name):
    """Calls in each way that there is."""
    attempt(name, lambda: run_sync(**OPTIONS, args=[1]))
    attempt(name, lambda: asyncio.run(run(**OPTIONS, args=[2])))
    attempt(name, lambda: open_sync(**OPTIONS).call("main", [3]))
    if is_warm:
        attempt(name, lambda: program.call("main", [4]))
        program.close()


class Session:
    """A module-level object."""

    def __del__(self):
        attempt_all("del")


def keep_calling():
    """A daemon thread."""
    while True:
        try:
            run_sync(**OPTIONS, args=[5])
        except CapsuleError:
            time.sleep(0.01)


session = Session()
if is_warm:
    program = open_sync(**OPTIONS)
    assert program.call("main", [0])["result"] == 0
if sys.argv[1] == "threads":
    # Their frames keep the objects of this module alive: no __del__ is called then.
    for _ in range(3):
        threading.Thread(target=keep_calling, daemon=True).start()
    time.sleep(0.2)
atexit.register(attempt_all, "atexit")
