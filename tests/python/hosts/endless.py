"""Waits for a run that has no end, beside a fork, and is killed.

Usage: endless.py
"""

import os
import sys
import time

from workers import workers

from capsule import open_sync, run_sync

program = open_sync(code="def main(n): return n", language="python")
assert program.call("main", [1])["result"] == 1
# It has the descriptors of its parent, but for those of the worker.
child = os.fork()
if child == 0:
    time.sleep(60)
    os._exit(0)


def tell(event: dict) -> None:
    """Says who runs, once the run does."""
    if event["type"] == "output":
        print(child, *workers())
        sys.stdout.flush()


code = (
    "from capsule import task\n@task(compute='HIGH')\ndef main():\n  print(1)\n  while True: pass"
)
run_sync(code=code, language="python", on_event=tell)
