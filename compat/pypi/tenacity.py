"""Tries again until it succeeds, synchronous and asynchronous."""

import asyncio

from tenacity import RetryError, retry, stop_after_attempt, wait_fixed

from capsule import task

attempts = []


@retry(stop=stop_after_attempt(3), wait=wait_fixed(0.001))
def fragile() -> int:
    attempts.append(1)
    if len(attempts) < 3:
        raise ValueError
    return len(attempts)


@retry(stop=stop_after_attempt(2), wait=wait_fixed(0.001))
async def hopeless() -> None:
    raise ValueError


@task
def main() -> None:
    assert fragile() == 3
    try:
        asyncio.run(hopeless())
        raise AssertionError("no error")
    except RetryError as error:
        assert error.last_attempt.attempt_number == 2
