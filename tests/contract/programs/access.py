"""What tasks reach of the machine. The twin of access.ts."""

import errno
import os
import time
from pathlib import Path

from capsule import task


@task
def main(path):
    return Path(path).read_text()


@task
def write(path, text):
    Path(path).write_text(text)
    return Path(path).read_text()


@task
def folder(path):
    return sorted(os.listdir(path))


@task
def attempt(path):
    try:
        Path(path).write_text("x")
        return "written"
    except OSError as error:
        return errno.errorcode[error.errno]


@task(env_variables=["CONTRACT_A", "CONTRACT_B"])
def variables():
    return [os.environ.get("CONTRACT_A"), os.environ.get("CONTRACT_B")]


@task
def undeclared():
    return os.environ.get("CONTRACT_A")


@task
def sub(path):
    return main(path)["result"]


@task
def sleeps(milliseconds):
    time.sleep(milliseconds / 1000)
    return "awake"


@task(compute="HIGH")
def loops():
    while True:
        pass


@task
def waits():
    while True:
        sleeps(60_000)


@task
def square(n):
    return n * n


@task
def squares(n):
    return [call["result"] for call in square.map(range(n))]


counter = 0


@task
def counts():
    global counter
    counter += 1
    return counter
