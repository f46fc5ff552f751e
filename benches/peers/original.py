"""The original with its Python SDK: calls go to a long-lived worker process."""

import asyncio
import subprocess
import sys
import threading
import time
from importlib.metadata import version
from pathlib import Path

import capsule_adapter
from capsule_adapter.execution import _unwrap_result
from serve import new_code, rates, serve, timed

from capsule.worker import run_with_worker

project, command = sys.argv[1:3]
SANDBOXES = Path(capsule_adapter.__file__).parent / "sandboxes"
STOPS_AFTER_S = 30

loop = asyncio.new_event_loop()
threading.Thread(target=loop.run_forever, daemon=True).start()


def call(file, *args):
    request = run_with_worker(
        file=str(file), args=list(args), cwd=folder(file), capsule_path=command
    )
    envelope = asyncio.run_coroutine_threadsafe(request, loop).result(150)
    if not envelope["success"]:
        raise RuntimeError(envelope["error"]["message"])
    return envelope["result"]


def folder(file):
    """Each program has its own folder, because any change in the folder rebuilds it."""
    return str(Path(project, Path(file).name.replace(".", "-")))


def hello(file):
    return (
        lambda count: timed(count, lambda _: call(file), lambda _: "Hello, Ada!"),
        {"note": "a fresh instance a call, in a worker process that is kept"},
    )


def rate(file):
    return (
        lambda count: rates(count, lambda: call(file), "Hello, Ada!"),
        {"note": "8 callers of its worker process"},
    )


def code(language):
    """Its adapter has a program that evaluates text, so new code needs no build."""
    file = SANDBOXES / ("python_sandbox.wasm" if language == "python" else "js_sandbox.wasm")

    def take(count):
        programs = [new_code(language) for _ in range(count)]

        def evaluate(index):
            envelope = call(file, "EXECUTE_CODE", programs[index][0] + "main()")
            return int(_unwrap_result(envelope))

        return timed(count, evaluate, lambda index: programs[index][1])

    note = "its adapter's sandbox, built beforehand, evaluates the text; its limits are fixed"
    return take, {"note": note}


def naps(count):
    return timed(count, lambda _: call("naps.py"), lambda _: 100)


def late(_):
    """Whether a timeout of 100 ms ends a loop, which otherwise runs out of fuel seconds later."""
    where = {"cwd": folder("spins.py"), "capture_output": True}
    subprocess.run([command, "build", "spins.py"], **where)
    before = time.perf_counter()
    try:
        subprocess.run([command, "run", "spins.py"], timeout=STOPS_AFTER_S, **where)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"a timeout of 100 ms has no effect in {STOPS_AFTER_S} s") from None
    ran_s = time.perf_counter() - before
    if ran_s < 2:
        raise RuntimeError(f"ended after {ran_s:.1f} s: the timeout may have worked")
    raise RuntimeError(f"a timeout of 100 ms has no effect: out of fuel after {ran_s:.1f} s")


for sandbox in SANDBOXES.glob("*.wasm"):
    Path(folder(sandbox)).mkdir(parents=True, exist_ok=True)
measures = {
    "call-python": hello("hello.py"),
    "rate-python": rate("hello.py"),
    "code-python": code("python"),
    "code-javascript": code("javascript"),
    "naps-python": (naps, {"most": 2, "note": "one after another"}),
    "late-python": (late, {"most": 1, "cold": True}),
}
if Path(project, "node_modules/@capsule-run/sdk").exists():
    measures["call-javascript"] = hello("hello.ts")
    measures["rate-javascript"] = rate("hello.ts")
serve(version("capsule-run"), measures)
