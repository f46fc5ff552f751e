"""The measured process's side in Python, like serve.ts for Deno and Node."""

import json
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor

CALLERS = 8
RATE_S = 0.5
# A slow side takes fewer samples.
BUDGET_S = 2


def serve(version, measures):
    """Answers requests. A measure is a function of a count, with its options."""
    say({"version": version, "measures": {name: offer for name, (_, offer) in measures.items()}})
    for line in sys.stdin:
        request = json.loads(line)
        try:
            say({"samples": measures[request["measure"]][0](request["count"])})
        except Exception as error:
            say({"error": str(error) or type(error).__name__})


def timed(count, call, expected):
    """Milliseconds of each call, one after the other."""
    samples, end = [], time.perf_counter() + BUDGET_S
    for index in range(count):
        if time.perf_counter() > end:
            break
        before = time.perf_counter()
        result = call(index)
        samples.append((time.perf_counter() - before) * 1000)
        check(result, expected(index))
    return samples


def rates(count, call, expected):
    """Calls per second of 8 threads, each of which calls again as soon as it has a result."""
    return [rate(call, expected) for _ in range(count)]


def rate(call, expected):
    started = time.perf_counter()

    def caller(_):
        calls = 0
        while time.perf_counter() - started < RATE_S:
            check(call(), expected)
            calls += 1
        return calls

    with ThreadPoolExecutor(CALLERS) as callers:
        calls = sum(callers.map(caller, range(CALLERS)))
    return calls / (time.perf_counter() - started)


def new_code(language):
    """New code, and the number that it returns."""
    number = random.randrange(10**9, 10**10)
    code = f"def main():\n    return {number} + len('{number}')\n"
    if language == "javascript":
        code = f"const main = () => {number} + '{number}'.length;\n"
    return code, number + 10


def check(result, expected):
    if result != expected:
        raise RuntimeError(f"the result is {result!r}, not {expected!r}")


def say(message):
    print(json.dumps(message), flush=True)
