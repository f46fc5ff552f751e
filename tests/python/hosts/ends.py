"""Uses everything once, and then has nothing left to do: the process ends by itself."""

import asyncio
import threading
import time

from workers import workers

import capsule
from capsule import open_sync, run_sync

CODE = "def main(n):\n  import time; time.sleep(n); return n"
OPTIONS = {"code": CODE, "language": "python"}

events = []
first = run_sync(**OPTIONS, args=[0], on_event=lambda event: events.append(event["type"]))
# Neither closed nor entered.
program = open_sync(**OPTIONS)
second = program.call("main", [0])


async def main() -> capsule.Program:
    """Opens a program and leaves it open."""
    return await capsule.open(**OPTIONS)


other = asyncio.run(main())
# Still under way.
threading.Thread(target=program.call, args=("main", [60]), daemon=True).start()
time.sleep(0.1)
print(first["result"], second["result"], events[-1], *workers())
