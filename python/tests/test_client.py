"""What needs no worker: tests/python of the checkout tries the rest with the wheel."""

import asyncio
import copy
import json
import multiprocessing
import pickle
import re
import subprocess
import sys
import sysconfig
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import Any
from unittest.mock import AsyncMock

import pytest

import capsule
from capsule import CapsuleError, SyncProgram, TaskError, configure
from capsule._client.opened import Opened
from capsule._client.request import packages
from capsule._client.request.options import check_call
from capsule._client.request.request import Call, call_request, open_request, run_request
from capsule._client.worker import frames, worker
from capsule._client.worker.events import event_of
from capsule._client.worker.exchange import Exchange
from capsule._client.worker.frames import Frame, FrameDecoder, encode_frame
from capsule._client.worker.outcome import envelope_of, error_of
from capsule._envelope import no_execution

CODE = {"code": "1", "language": "python"}
WEST = timezone(timedelta(hours=-1))
LATER = datetime(2026, 1, 31, 11, 0, 0, 123_456, tzinfo=WEST)


def payload_of(exchange: Exchange) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(exchange.payload)
    return payload


def test_importing_capsule_loads_nothing_that_a_sandbox_has_not():
    code = "import sys, capsule; print(*sys.modules)"
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path = {sys.path}; {code}"]
    loaded = set(subprocess.check_output(command, text=True).split())
    assert "capsule._task" in loaded
    assert not loaded & {"asyncio", "concurrent.futures", "json", "subprocess", "threading"}
    assert not {name for name in loaded if name.startswith("capsule._client")}


def test_all_that_is_listed_is_there():
    for name in capsule.__all__:
        assert getattr(capsule, name) is not None
    assert {"open", "run"} <= {*dir(capsule)}
    assert callable(capsule.open)
    namespace: dict[str, Any] = {}
    exec("from capsule import *", namespace)
    assert {"run", "task"} <= namespace.keys()
    assert "open" not in namespace, "it would hide Python's own"
    with pytest.raises(AttributeError, match="has no attribute 'runs'"):
        _ = capsule.runs


def test_names_of_capsule_run_stand_for_ours():
    assert capsule.run_with_worker is capsule.run
    assert capsule.ErrorInfo is capsule.EnvelopeError
    assert capsule.ExecutionInfo is capsule.Execution
    assert capsule.RunnerOptions.__optional_keys__ == {"file", "args", "mounts", "cwd"}
    assert capsule.RunnerResult.__origin__ is capsule.Envelope
    assert asyncio.run(capsule.close_all()) is None
    assert not {"run_with_worker", "close_all", "RunnerResult"} & {*capsule.__all__}


def test_frames_are_cut_wherever_the_bytes_are():
    sent = [
        Frame(1, {"type": "envelope"}, b"{}"),
        Frame(frames.ID_AT_MOST, {"type": "event", "text": "é"}, b""),
        Frame(3, {"type": "event"}, bytes(range(256)) * 300),
    ]
    stream = b"".join(encode_frame(*frame) for frame in sent)
    for size in (1, 7, 12, 1000, len(stream)):
        decoder = FrameDecoder()
        chunks = [stream[at : at + size] for at in range(0, len(stream), size)]
        assert [frame for chunk in chunks for frame in decoder.push(chunk)] == sent


def test_a_request_tells_where_and_in_what_environment(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAPSULE_TEST", "1")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr(sys, "prefix", "/environment")
    run = run_request({"file": tmp_path / "a.py", "args": (1.0, 2**70), "kwargs": None})
    sent = payload_of(run)
    assert run.header == {"type": "run", "observe": False}
    assert sent["file"] == str(tmp_path / "a.py")
    assert sent["cwd"] == str(tmp_path)
    assert sent["input"] == '{"args":[1.0,1180591620717411303424]}'
    assert sent["environment"]["CAPSULE_TEST"] == "1"
    assert sent["environment"]["VIRTUAL_ENV"] == "/environment"
    monkeypatch.setenv("VIRTUAL_ENV", "/activated")
    opened = payload_of(open_request({**CODE, "cwd": "sub", "on_event": None}))
    assert opened["cwd"] == str(tmp_path / "sub")
    assert opened["environment"]["VIRTUAL_ENV"] == "/activated"
    assert "on_event" not in opened


def test_a_request_tells_where_this_interpreter_finds_packages(tmp_path, monkeypatch):
    site = sysconfig.get_path("purelib")
    pointed, by_pth, other = (tmp_path / name for name in ("pointed", "by_pth", "other"))
    for folder in (pointed, by_pth, other, tmp_path / "finder"):
        folder.mkdir()
    # Neither the folder of the program that runs, which is the first of sys.path, nor another one.
    path = [str(other), str(pointed), site, str(by_pth), "", "relative", sys.base_prefix]
    monkeypatch.setattr(sys, "path", path)
    monkeypatch.setenv("PYTHONPATH", f"{pointed}:{tmp_path}/missing::relative")
    lines = f"# {other}\nimport os; {other}\n{by_pth}\n{tmp_path}/missing\n"
    monkeypatch.setattr(packages, "_of_pth_files", _pth_of(tmp_path, lines))
    finder = ModuleType("__editable___x_1_finder")
    finder.MAPPING = {"x": str(tmp_path / "finder"), "single": __file__}  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, finder.__name__, finder)
    told = payload_of(run_request(CODE))["environment"]["CAPSULE_PYTHON_PACKAGES"]
    finders = {"folder": str(tmp_path / "finder"), "module": "x"}
    expected = [
        {"folder": str(pointed)},
        {"folder": site, "whole": True},
        {"folder": str(by_pth)},
        finders,
    ]
    assert [entry for entry in json.loads(told) if entry in expected or "module" not in entry] == (
        expected
    )


def _pth_of(folder: Path, lines: str) -> Any:
    """Reads a .pth file of a test in place of those of site-packages."""
    (folder / "a.pth").write_text(lines)
    of_pth_files = packages._of_pth_files
    return lambda _site: of_pth_files(str(folder))


def test_a_request_tells_which_packages_and_leaves_none_out(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIRTUAL_ENV", "relative/env")
    for given, sent in [
        (tmp_path / "env", str(tmp_path / "env")),
        ("host", "host"),
        (False, False),
    ]:
        request = payload_of(run_request({**CODE, "packages": given}))
        assert request["packages"] == sent
        # The worker has another folder.
        assert request["environment"]["VIRTUAL_ENV"] == str(tmp_path / "relative/env")
    assert "packages" not in payload_of(run_request({**CODE, "packages": None}))


def test_a_current_folder_that_is_gone_is_said_to_be(tmp_path, monkeypatch):
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    with pytest.raises(CapsuleError) as raised:
        run_request({**CODE})
    assert raised.value.code == "file_not_found"


def test_grants_are_written_as_the_worker_reads_them():
    files = [{"path": "/x", "as": "y", "mode": "ro"}]
    grants = {"allowed_hosts": ["a.b"], "allowed_files": files, "env_variables": []}
    sent = payload_of(run_request({**CODE, "grants": grants}))["grants"]
    assert sent == {
        "allowedHosts": ["a.b"],
        "allowedFiles": files,
        "envVariables": [],
    }
    with pytest.raises(CapsuleError, match="unknown key 'allowHosts'; there are: allowed_files, "):
        run_request({**CODE, "grants": {"allowHosts": []}})


def test_a_budget_is_written_as_the_worker_reads_it():
    budget = {"ram": "2GB", "tasks_alive": 10, "task_depth": 2, "json_size": 1, "body_size": "1MB"}
    sent = payload_of(run_request({**CODE, "budget": budget}))["budget"]
    assert sent == {
        "ram": "2GB",
        "tasksAlive": 10,
        "taskDepth": 2,
        "jsonSize": 1,
        "bodySize": "1MB",
    }
    with pytest.raises(
        CapsuleError, match="budget: unknown key 'tasksAlive'; there are: compute, "
    ):
        run_request({**CODE, "budget": {"tasksAlive": 1}})


@pytest.mark.parametrize(
    ("ram", "size"),
    [("8GB", 8 << 30), ("1.5 kib", 1536), (7, 7), ("12", 12), ("0.1B", 1), (" 2 MB ", 2 << 20)],
)
def test_the_memory_of_a_process_is_a_size(ram, size, monkeypatch):
    told = []
    monkeypatch.setattr("capsule._client.configure.limit_ram", told.append)
    configure(ram=ram)
    configure()
    assert told == [size]


@pytest.mark.parametrize("ram", ["lots", "", "1K", "-1", -1, 0, 1.5, True, "9999999GB", "1e3", "٣"])
def test_what_is_no_size_is_refused(ram):
    with pytest.raises(CapsuleError, match="configure: ram: ") as raised:
        configure(ram=ram)
    assert raised.value.code == "invalid_argument"


def asked_for(args: list, stdin=None, *, capture=False, limits=None) -> Exchange:
    call = Call("main", args, None, stdin=stdin, capture=capture, limits=limits)
    return call_request(1, call, observe=False)


def test_details_of_a_call_are_written_as_the_worker_reads_them():
    plain = asked_for([1])
    assert "detailed" not in plain.header
    assert json.loads(plain.payload) == {"args": [1]}
    limits = {"timeout": "1s", "max_retries": 2}
    detailed = asked_for([1], "é", capture=True, limits=limits)
    assert detailed.header["detailed"] is True
    assert payload_of(detailed) == {
        "input": '{"args":[1]}',
        "capture": True,
        "stdin": "Ã©",
        "limits": {"timeout": "1s", "maxRetries": 2},
    }
    call = Call("main", [], None, stdin=None, capture=False, limits=None, seed=0, now=LATER)
    fixed = Call(**check_call(call._asdict(), None))
    assert fixed.now == "2026-01-31T12:00:00.123Z"
    assert call_request(1, fixed, observe=False).header["detailed"] is True
    assert payload_of(run_request({**CODE, "now": LATER, "seed": 3}))["now"] == fixed.now
    with pytest.raises(CapsuleError, match="limits: unknown key 'maxRetries'; there are: compute"):
        asked_for([], limits={"maxRetries": 1})
    with pytest.raises(CapsuleError, match="stdin must be str or bytes, not int"):
        run_request({**CODE, "stdin": 5})
    with pytest.raises(CapsuleError, match="stdin has no UTF-8: surrogates not allowed"):
        run_request({**CODE, "stdin": "\ud800"})
    with pytest.raises(CapsuleError, match="capture must be True or False, not str"):
        run_request({**CODE, "capture": "yes"})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1}, object(), {(1,): 2}])
def test_arguments_without_json_are_refused(value):
    with pytest.raises(CapsuleError, match="the arguments have no JSON") as raised:
        asked_for([value])
    assert raised.value.code == "invalid_argument"


def test_arguments_that_hold_themselves_are_refused():
    inner: list = []
    inner.append(inner)
    with pytest.raises(CapsuleError, match="the arguments have no JSON"):
        run_request({**CODE, "args": inner})


def test_text_is_utf8_unless_it_has_lone_surrogates():
    assert b"\xc3\xa9" in asked_for(["é"]).payload
    assert b"\\ud800" in asked_for(["é\ud800"]).payload


def test_a_request_that_no_frame_holds_is_refused(monkeypatch):
    monkeypatch.setattr(worker, "PAYLOAD_BYTES_AT_MOST", 100)
    with pytest.raises(CapsuleError, match="more than 100"):
        worker.submit(asked_for(["x" * 100]))


def test_events_have_names_as_in_python():
    event = {"type": "task_finished", "durationMs": 1.5, "fuelConsumed": 2, "ramUsed": 3}
    told = event_of(Frame(1, {"type": "event", "event": event}, b""))
    assert told == {
        "type": "task_finished",
        "duration_ms": 1.5,
        "fuel_consumed": 2,
        "ram_used": 3,
    }
    output = {"type": "output", "task": 1, "stream": "stderr"}
    assert event_of(Frame(1, {"type": "event", "event": output}, b"\xff"))["data"] == b"\xff"


class _OwnError(CapsuleError):
    """As a host might derive one: __init__ takes other arguments."""

    def __init__(self, name: str) -> None:
        super().__init__("internal", f"{name} failed", "look")
        self.name = name


ERRORS = [
    CapsuleError("file_not_found", "Cannot read", "look"),
    CapsuleError("internal", "Cannot read"),
    TaskError({"error_type": "timeout", "message": "1 s", "stack": "line 1"}),
    TaskError({"error_type": "task_error", "message": ""}),
    _OwnError("worker"),
]


def test_every_exception_class_that_is_public_has_an_example():
    public = [getattr(capsule, name) for name in capsule.__all__]
    exceptions = {it for it in public if isinstance(it, type) and issubclass(it, Exception)}
    assert exceptions <= {type(error) for error in ERRORS}


@pytest.mark.parametrize("error", ERRORS, ids=repr)
@pytest.mark.parametrize(
    "duplicate",
    [
        copy.copy,
        copy.deepcopy,
        *(
            lambda error, protocol=protocol: pickle.loads(pickle.dumps(error, protocol))
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
        ),
    ],
)
def test_an_error_is_copied_and_pickled_whole(error, duplicate):
    if hasattr(error, "add_note"):
        error.add_note("in a test")
    same = duplicate(error)
    assert same is not error
    assert (type(same), same.args, vars(same)) == (type(error), error.args, vars(error))
    assert str(same) == str(error)


def _fail(kind: str) -> None:
    raise TaskError({"error_type": "task_error", "message": kind})


def test_a_pool_of_processes_raises_the_error_of_a_task():
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        with pytest.raises(TaskError, match="lost") as raised:
            pool.submit(_fail, "lost").result(timeout=30)
    assert raised.value.error_type == "task_error"
    with context.Pool(1) as pool:
        with pytest.raises(TaskError, match="lost"):
            pool.apply_async(_fail, ("lost",)).get(timeout=30)


def test_a_hint_is_shown_with_the_traceback():
    if sys.version_info >= (3, 11):
        assert CapsuleError("internal", "Cannot read", "look").__notes__ == ["hint: look"]


LANGUAGES = '"python", "typescript" or "javascript"'


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"args": "text"}, "args must be a list, not str"),
        ({"args": b"bytes"}, "args must be a list, not bytes"),
        ({"args": {"n": 1}}, "args must be a list, not dict"),
        ({"kwargs": []}, "kwargs must be a dict, not list"),
        ({"kwargs": {1: 2}}, "kwargs: its keys must be str, not int (1)"),
        ({"mounts": "in::/in"}, "mounts must be a list, not str"),
        ({"mounts": [Path("in")]}, f"mounts[0] must be a str, not {type(Path()).__name__}"),
        ({"env": "A=1"}, "env must be a dict, not str"),
        ({"env": ["A=1"]}, "env must be a dict, not list"),
        ({"env": {"A": 1}}, "env['A'] must be a str, not int"),
        ({"env": {1: "A"}}, "env: its keys must be str, not int (1)"),
        ({"cwd": 5}, "cwd must be a str or os.PathLike, not int"),
        ({"task": 5}, "task must be a str, not int"),
        ({"packages": True}, 'packages must be a folder (str or os.PathLike), "host" or False, '),
        ({"budget": []}, "budget must be a dict, not list"),
        ({"on_event": 5}, "on_event must be a function, not int"),
        ({"on_event": AsyncMock()}, "on_event must be a plain function: events are not awaited"),
        ({"file": "a.py"}, "give either file or code, not both"),
        ({"code": None}, "give a file or code"),
        ({"code": None, "file": 5}, "file must be a str or os.PathLike, not int"),
        ({"code": 5}, "code must be a str, not int"),
        ({"seed": "7"}, "seed must be an int, not str"),
        ({"seed": True}, "seed must be an int, not bool"),
        ({"seed": 1.0}, "seed must be an int, not float"),
        ({"seed": -1}, "seed must be a whole number from 0 to 2**53 - 1"),
        ({"seed": 2**53}, "seed must be a whole number"),
        ({"now": 5}, "now must be a datetime or a str, not int"),
        ({"now": datetime(2026, 1, 31)}, "now: the datetime has no time zone: "),
        ({"now": datetime.max.replace(tzinfo=WEST)}, "now: 9999-12-31 "),
        ({"labels": "nightly"}, "labels must be a list, not str"),
        ({"labels": [5]}, "labels[0] must be a str, not int"),
        ({"language": "ts"}, f"language must be {LANGUAGES}, not 'ts'"),
        ({"language": None}, f"language must be given with code: {LANGUAGES}"),
    ],
)
def test_an_option_of_a_wrong_type_is_named(wrong, message):
    with pytest.raises(CapsuleError, match=re.escape(message)) as raised:
        capsule.run_sync(**{**CODE, **wrong})
    assert raised.value.code == "invalid_argument"
    assert str(raised.value).startswith(message)
    if "task" not in wrong and "args" not in wrong and "kwargs" not in wrong:
        with pytest.raises(CapsuleError, match=re.escape(message)):
            capsule.open_sync(**{**CODE, **wrong})


def test_arguments_of_a_call_are_checked_before_it():
    program = SyncProgram(Opened({**CODE, "on_event": None}))
    for call, message in [
        (lambda: program.call(5), "task must be a str, not int"),  # type: ignore[arg-type]
        (lambda: program.call("main", "text"), "args must be a list, not str"),
        (lambda: program.call("main", [], []), "kwargs must be a dict, not list"),  # type: ignore[arg-type]
        (lambda: program.call("main", on_event=5), "on_event must be a function, not int"),  # type: ignore[arg-type]
    ]:
        with pytest.raises(CapsuleError, match=f"^{message}"):
            call()


def test_the_worker_names_options_as_in_python():
    problem = 'must be a whole number (got "budget.tasksAlive")'
    header = {
        "type": "failed",
        "code": "invalid_argument",
        "message": f"budget.tasksAlive: {problem}",
        "problem": problem,
        "fields": {"option": "budget.tasksAlive", "expected": "a whole number"},
    }
    error = error_of(Frame(1, header, b""))
    assert str(error) == f"budget.tasks_alive: {problem}"
    assert (error.option, error.expected, error.line) == (
        "budget.tasks_alive",
        "a whole number",
        None,
    )
    assert pickle.loads(pickle.dumps(error)).option == error.option
    assert str(error_of(Frame(1, {**header, "code": "internal"}, b""))) == header["message"]
    secret = {**header, "fields": {"option": "secrets.apiKey"}}
    assert error_of(Frame(1, secret, b"")).option == "secrets.apiKey"


def test_any_sequence_and_mapping_is_taken():
    sent = payload_of(
        run_request(
            {
                **CODE,
                "args": range(2),
                "kwargs": MappingProxyType({"a": 1}),
                "mounts": ("a", "b"),
                "env": MappingProxyType({"A": "1"}),
            }
        )
    )
    assert sent["input"] == '{"args":[0,1],"kwargs":{"a":1}}'
    assert (sent["mounts"], sent["env"]) == (["a", "b"], {"A": "1"})


def test_an_unknown_argument_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="'fil'"):
        capsule.run_sync(fil="a.py")  # type: ignore[call-arg]


@pytest.mark.parametrize("result", ["1" * 5000, "[" * 500 + "]" * 500])
def test_a_result_that_python_does_not_read_is_a_failure_with_its_figures(result):
    execution = {**no_execution("main"), "host_requests": [{"status": 200}]}
    rest = f'"error":null,"execution":{json.dumps(execution)}'
    answer = Frame(1, {"type": "envelope"}, f'{{"success":true,"result":{result},{rest}}}'.encode())

    def deep(frames: int) -> Any:
        return deep(frames - 1) if frames > 0 else envelope_of(answer, "main")

    envelope = deep(sys.getrecursionlimit() - 300)
    assert (envelope["success"], envelope["result"]) == (False, None)
    assert envelope["error"]["error_type"] == "invalid_result"
    assert envelope["execution"] == execution


def test_a_result_that_no_thread_has_room_for_is_an_envelope_too():
    execution = {**no_execution("main"), "host_requests": [{"status": 200}]}
    result = '{"execution":' * 150 + "1" + "}" * 150
    text = f'{{"success":true,"result":{result},"error":null,"execution":{json.dumps(execution)}}}'
    answer = Frame(1, {"type": "envelope"}, text.encode())
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(140)
    try:
        envelope = envelope_of(answer, "main")
    finally:
        sys.setrecursionlimit(limit)
    # Newer versions of Python count what is written in C by itself.
    assert envelope["success"] or envelope["error"]["error_type"] == "invalid_result"
    assert envelope["execution"] == execution
