"""Runs the contract suite, as tests/contract/README.md says, and tells which cases failed.

Usage: contract.py FOLDER   the folder of cases.json
"""

import asyncio
import base64
import inspect
import json
import re
import shutil
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from queue import SimpleQueue

from capsule import CapsuleError, run, run_sync
from capsule._client.request.request import run_request
from capsule._client.worker.frames import Frame
from capsule._client.worker.outcome import envelope_of
from capsule._client.worker.worker import cancel, submit

BYTES_KEY = re.compile(r"\$+bytes")
#: What the API takes: Python itself refuses any other keyword.
OPTIONS = inspect.signature(run).parameters
#: By option, its keys as TypeScript has them.
KEYS = {
    "grants": {
        "allowedHosts": "allowed_hosts",
        "allowedFiles": "allowed_files",
        "envVariables": "env_variables",
    },
    "limits": {"maxRetries": "max_retries"},
    "budget": {"tasksAlive": "tasks_alive", "jsonSize": "json_size"},
}


def run_case(case: dict, programs: Path, call_all) -> object:
    """What came back, as `expected` has it: once, since all calls have to give the same."""
    with tempfile.TemporaryDirectory(prefix="capsule-contract-") as folder:
        cwd = Path(folder).resolve()
        if "file" in case:
            shutil.copy(programs / case["file"], cwd / case["file"])
        for path, text in case.get("files", {}).items():
            target = cwd / path
            (target if path.endswith("/") else target.parent).mkdir(parents=True, exist_ok=True)
            if not path.endswith("/"):
                target.write_text(text)
        for path, target in case.get("links", {}).items():
            (cwd / path).symlink_to(target)
        given = {
            name: decode_bytes(expand(case[name]))
            for name in ("file", "task", "args", "kwargs")
            if name in case
        }
        options = {"cwd": cwd, **given, **case.get("options", {})}
        for option, keys in KEYS.items():
            if isinstance(options.get(option), dict):
                given = options[option].items()
                options[option] = {keys.get(key, key): value for key, value in given}
        results = call_all(options, case.get("cancelAfterMs"), case.get("times", 1))
        texts = {json.dumps(encode_bytes(result)) for result in results}
        if len(texts) != 1:
            raise AssertionError(f"calls differ: {texts}")
        return encode_bytes(results[0])


def in_event_loop(options: dict, cancel_after_ms: "float | None", times: int) -> list:
    """All calls side by side, by `run`."""

    async def call() -> object:
        try:
            return without_figures(await run(**options))
        except (CapsuleError, TypeError) as error:
            return thrown(error, options)

    async def calls() -> list:
        return await asyncio.gather(*(call() for _ in range(times)))

    if cancel_after_ms is not None:
        return in_threads(options, cancel_after_ms, times)
    return asyncio.run(calls())


def in_threads(options: dict, cancel_after_ms: "float | None", times: int) -> list:
    """All calls side by side, by `run_sync`."""

    def call(_: int) -> object:
        try:
            if cancel_after_ms is None:
                return without_figures(run_sync(**options))
            return without_figures(cancelled(options, cancel_after_ms))
        except (CapsuleError, TypeError) as error:
            return thrown(error, options)

    with ThreadPoolExecutor(times) as threads:
        return [*threads.map(call, range(times))]


def thrown(error: "CapsuleError | TypeError", options: dict) -> dict:
    """What was raised, as `expected` has it: a keyword that there is not is no option elsewhere."""
    if isinstance(error, CapsuleError):
        return {"thrown": error.code}
    if options.keys() <= OPTIONS.keys():
        raise error
    return {"thrown": "invalid_argument"}


def cancelled(options: dict, after_ms: float) -> dict:
    """The envelope that nobody sees who cancels: an exception is raised in its place."""
    exchange = run_request(options)
    answers: SimpleQueue = SimpleQueue()
    exchange.listen(answers.put)
    submit(exchange)
    timer = threading.Timer(after_ms / 1000, cancel, [exchange])
    if after_ms == 0:
        cancel(exchange)
    else:
        timer.start()
    answer = answers.get()
    timer.cancel()
    assert isinstance(answer, Frame) or after_ms == 0, answer
    return envelope_of(answer, options.get("task", "main"))


def expand(value: object) -> object:
    """Puts values in the place of what stands for them because they are large."""
    if isinstance(value, list):
        return [expand(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$repeat" in value:
        text, times = value["$repeat"]
        return text * times
    if "$nest" in value:
        nested: object = 0
        for _ in range(value["$nest"]):
            nested = [nested]
        return nested
    return {key: expand(member) for key, member in value.items()}


def decode_bytes(value: object) -> object:
    """Puts bytes in the place of `{"$bytes": base64}`."""
    if isinstance(value, list):
        return [decode_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    [*keys] = value
    if keys == ["$bytes"]:
        return base64.b64decode(value["$bytes"], validate=True)
    start = 1 if len(keys) == 1 and BYTES_KEY.fullmatch(keys[0]) else 0
    return {key[start:]: decode_bytes(member) for key, member in value.items()}


def encode_bytes(value: object) -> object:
    """The reverse."""
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, list):
        return [encode_bytes(item) for item in value]
    if not isinstance(value, dict):
        return value
    [*keys] = value
    start = "$" if len(keys) == 1 and BYTES_KEY.fullmatch(keys[0]) else ""
    return {start + key: encode_bytes(member) for key, member in value.items()}


def without_figures(envelope: dict) -> dict:
    """Times, fuel and memory differ from call to call."""
    execution = dict(envelope["execution"])
    for name in ("duration_ms", "fuel_consumed", "ram_used"):
        assert execution.pop(name) >= 0
    assert execution.pop("sandboxed") is True
    error = envelope["error"]
    if error:
        message = re.sub(r"wanted \d+", "wanted N", error["message"])
        message = re.sub(r"/tmp/capsule-contract-\w+", "CWD", message)
        error = {**error, "message": message}
    return {**envelope, "error": error, "execution": execution}


def failures(cases: list, folder: Path, call_all) -> list:
    """The cases that fail."""
    failed = []
    for case in cases:
        expected = json.dumps(expand(case["expected"]))
        try:
            actual = json.dumps(run_case(case, folder / "programs", call_all))
        except Exception as error:
            actual = repr(error)
        if actual != expected:
            shown = {"actual": actual[:500], "expected": expected[:500]}
            failed.append({"name": case["name"], "by": call_all.__name__, **shown})
    return failed


def main(folder: Path) -> None:
    """Runs all cases, at the same time in event loops and without."""
    # 512 levels, on top of what runs here.
    sys.setrecursionlimit(3000)
    cases = json.loads((folder / "cases.json").read_text("utf-8"))
    with ThreadPoolExecutor(2) as threads:
        ways = [in_event_loop, in_threads]
        failed = threads.map(lambda way: failures(cases, folder, way), ways)
        print(json.dumps({"ran": len(cases), "failed": [*chain(*failed)]}))


main(Path(sys.argv[1]))
