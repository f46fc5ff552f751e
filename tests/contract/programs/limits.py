"""Tasks that run out of what they may use. The twin of limits.ts."""

import time

from capsule import task


@task(compute="LOW")
def main():
    while True:
        pass


@task(compute=20_000_000)
def fuel_number():
    while True:
        pass


@task(ram="64MB", compute="HIGH")
def memory():
    kept = []
    while True:
        kept.append(bytes(10**6))


@task(ram="64MB")
def memory_caught():
    try:
        return len(bytes(10**9))
    except MemoryError:
        return "caught"


@task(compute="HIGH", timeout="80ms")
def timeout_loop():
    while True:
        pass


@task(timeout=80)
def timeout_sleep():
    time.sleep(60)


@task(max_retries=2)
def retried():
    raise RuntimeError("again")


@task(max_retries=5)
def recovers():
    with open("/work/attempts", "a") as file:
        file.write("x")
    with open("/work/attempts") as file:
        attempts = len(file.read())
    if attempts < 3:
        raise RuntimeError(f"attempt {attempts}")
    return attempts


@task(max_retries=1, timeout="40ms", compute="HIGH")
def retried_timeout():
    while True:
        pass


@task
def prints(size):
    print("x" * size)
    return "printed"


@task
def text(size):
    return "x" * size


@task
def count(text):
    return len(text)


@task
def leaf(n):
    return n


@task
def fan(n):
    calls = leaf.map(range(n))
    return sorted("given" if call["success"] else call["error"]["error_type"] for call in calls)


@task
def nest(depth):
    call = nest(depth + 1)
    return call["result"] if call["success"] else [depth, call["error"]["error_type"]]


@task
def contained():
    started = [fuel_number.submit(), timeout_sleep.submit(), retried.submit()]
    calls = [call.result() for call in started]
    return [[call["error"]["error_type"], call["execution"]["retries"]] for call in calls]
