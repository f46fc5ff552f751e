"""monty: an interpreter of a subset of Python, written in Rust, in separate processes."""

import os
from importlib.metadata import version

from pydantic_monty import Monty
from serve import new_code, rates, serve, timed

HELLO = 'def main(name): return f"Hello, {name}!"\nmain("Ada")'
FRESH = "a fresh session of a process that is kept, which evaluates the program"

pool = Monty(min_processes=2, max_processes=os.cpu_count())


def call(code, **limits):
    with pool.checkout(limits=limits or None) as session:
        return session.feed_run(code)


def code(count):
    programs = [new_code("python") for _ in range(count)]
    return timed(count, lambda i: call(programs[i][0] + "main()"), lambda i: programs[i][1])


def late(count):
    def spin(_):
        try:
            call("while True: pass", max_feed_duration_secs=0.1)
        except Exception as error:
            return "timeout" if "time" in str(error).lower() else str(error)

    return [ms - 100 for ms in timed(count, spin, lambda _: "timeout")]


with pool:
    serve(
        version("pydantic-monty"),
        {
            "call-python": (
                lambda count: timed(count, lambda _: call(HELLO), lambda _: "Hello, Ada!"),
                {"note": FRESH},
            ),
            "rate-python": (
                lambda count: rates(count, lambda: call(HELLO), "Hello, Ada!"),
                {"note": FRESH + ", a process a core"},
            ),
            "code-python": (code, {"note": FRESH}),
            "late-python": (late, {}),
        },
    )
