"""How tasks fail. The twin of errors/error.ts."""

import asyncio
import os
import sys

from capsule import task, unwrap


class Unfit(Exception):
    pass


@task
def main():
    raise ValueError("too far: 7")


@task
def nested():
    return inner(1)


def inner(depth):
    if depth == 3:
        raise RuntimeError("at the bottom")
    return inner(depth + 1) + 1


@task
def own():
    raise Unfit("of a class of its own")


@task
def nothing():
    raise Unfit


@task
def chained():
    try:
        {}["key"]
    except KeyError as error:
        raise Unfit("because") from error


@task
async def later():
    await asyncio.sleep(0.005)
    raise RuntimeError("later")


@task
def reference():
    return missing  # noqa: F821


@task
def forged():
    error = RuntimeError("forged")
    error.error_type = "timeout"
    raise error


@task
def recursion():
    return endless(1)


def endless(depth):
    return endless(depth + 1) + 1


@task(name="exit")
def leave(code):
    sys.exit(code)


@task
def exit_hard(code):
    os._exit(code)


@task
def interrupt():
    raise KeyboardInterrupt


@task
def sub():
    call = own()
    error = call["error"]
    return [call["success"], call["result"], error["error_type"], error["message"]]


@task
def unwrapped():
    return unwrap(own())


@task
def group():
    raise ExceptionGroup("several", [ValueError("a"), TypeError("b")])


@task
def message(message):
    raise RuntimeError(message)
