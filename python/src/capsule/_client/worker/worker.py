"""The worker of this process: `capsule worker`, which runs what this process asks for.

There is one, started when it is first needed, and another one after it has ended. It ends with this
process, however that ends, as its standard input does then. A fork has a worker of its own.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
from collections import deque
from sys import is_finalizing

from ..._errors import CapsuleError
from ..installed import worker_command, worker_environment
from .exchange import Cancelled, Exchange, Lost
from .frames import ID_AT_MOST, PAYLOAD_BYTES_AT_MOST, Frame, FrameDecoder, encode_frame

PROTOCOL = 1
#: How much is read at once.
_CHUNK_BYTES = 1 << 18
#: How long a worker that says no more may take to end.
_END_SECONDS = 5

#: Guards all that threads share here. Reentrant, as a fork releases it in parent and child.
LOCK = threading.RLock()


class Worker:
    """A process that runs programs, and the thread that talks to it.

    Only that thread writes: whoever asks for something may be interrupted anywhere by Ctrl-C, and
    half a frame would be the end of all others. Nor does a call or an event loop wait for a pipe.
    """

    def __init__(self) -> None:
        self._process = _start_process()
        self._input = _fileno(self._process.stdin)
        self._output = _fileno(self._process.stdout)
        self._wakes, self._wake = os.pipe()
        for descriptor in (self._input, self._wakes, self._wake):
            os.set_blocking(descriptor, False)
        #: What is not written yet, with the id of its request. Cancelling and closing have none.
        self._backlog: deque[tuple[int, memoryview]] = deque()
        self._reads = True
        self._waiting: deque[Exchange] = deque()
        self._sent: dict[int, Exchange] = {}
        self._unwanted: deque[int] = deque()
        self._last_id = 0
        #: How many requests it takes at once. It tells so itself.
        self._requests = 0
        self._failure: Frame | None = None
        self.has_ended = False
        # A daemon: a process that has nothing else to do ends.
        thread = threading.Thread(target=self._talk, name="capsule-worker", daemon=True)
        try:
            thread.start()
        except BaseException:
            self.abandon()
            raise

    def limit_ram(self, ram: int) -> None:
        """Tells how much memory all of its runs may use. Hold ``LOCK``."""
        frame = encode_frame(self._new_id(), {"type": "configure", "ram": ram})
        self._backlog.append((0, memoryview(frame)))
        self.wake()

    def submit(self, exchange: Exchange) -> None:
        """Sends a request, as soon as the worker takes one more. Hold ``LOCK``."""
        self._waiting.append(exchange)
        self.wake()

    def cancel(self, exchange: Exchange) -> bool:
        """Cancels a request. False if the worker will not hear of it. Hold ``LOCK``."""
        if exchange in self._waiting:
            self._waiting.remove(exchange)
            return False
        for id, sent in self._sent.items():
            if sent is exchange:
                self._backlog.append((0, memoryview(encode_frame(id, {"type": "cancel"}))))
                self.wake()
        return True

    def close_program(self, program: int) -> None:
        """Lets go of a program, when something is sent the next time. Safe in finalizers."""
        self._unwanted.append(program)

    def wake(self) -> None:
        """Sends what is there to be sent. Hold ``LOCK``."""
        # When the pipe is full, it is awake.
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake, b"\0")

    def abandon(self) -> None:
        """Forgets the process: in a fork, it is the parent's. Hold ``LOCK``."""
        self.has_ended = True
        self._close_descriptors()
        # Or it would be said to be left over.
        self._process.returncode = 0

    def _talk(self) -> None:
        decoder = FrameDecoder()
        poll = select.poll()
        poll.register(self._output, select.POLLIN)
        poll.register(self._wakes, select.POLLIN)
        is_full = False
        try:
            while True:
                with LOCK:
                    self._send()
                    if is_full != bool(self._backlog and self._reads):
                        is_full = not is_full
                        if is_full:
                            poll.register(self._input, select.POLLOUT)
                        else:
                            poll.unregister(self._input)
                ready = {descriptor for descriptor, _ in poll.poll()}
                if self._wakes in ready:
                    os.read(self._wakes, _CHUNK_BYTES)
                if self._output in ready:
                    received = os.read(self._output, _CHUNK_BYTES)
                    if not received:
                        break
                    for frame in decoder.push(received):
                        self._take(frame)
        finally:
            self._end()

    def _send(self) -> None:
        """Writes as much as the worker reads now."""
        while self._unwanted:
            header = {"type": "close", "program": self._unwanted.popleft()}
            self._backlog.append((0, memoryview(encode_frame(self._new_id(), header))))
        self._write()
        # One after the other: they may be large.
        while not self._backlog and self._waiting and len(self._sent) < self._requests:
            exchange = self._waiting.popleft()
            id = self._new_id()
            self._sent[id] = exchange
            frame = encode_frame(id, exchange.header, exchange.payload, exchange.data)
            self._backlog.append((id, memoryview(frame)))
            self._write()

    def _write(self) -> None:
        while self._backlog and self._reads:
            id, frame = self._backlog[0]
            try:
                rest = frame[os.write(self._input, frame) :]
            except BlockingIOError:
                return
            except OSError:
                # It has ended, and its output says so.
                self._reads = False
                return
            if rest:
                self._backlog[0] = (id, rest)
            else:
                self._backlog.popleft()

    def _new_id(self) -> int:
        while True:
            self._last_id = self._last_id % ID_AT_MOST + 1
            if self._last_id not in self._sent:
                return self._last_id

    def _take(self, frame: Frame) -> None:
        if frame.type == "ready":
            self._begin(frame)
        elif frame.type == "event":
            exchange = self._sent.get(frame.id)
            if exchange is not None:
                exchange.tell(frame)
        else:
            with LOCK:
                exchange = self._sent.pop(frame.id, None)
            if exchange is not None:
                exchange.finish(frame)

    def _begin(self, frame: Frame) -> None:
        with LOCK:
            if frame.header["protocol"] == PROTOCOL:
                self._requests = int(frame.header["requests"])
                return
            self._failure = _failed(
                f"Cannot use the worker: it speaks protocol {frame.header['protocol']}, "
                f"and this package speaks {PROTOCOL}"
            )
            self._process.kill()

    def _end(self) -> None:
        """The worker says no more: so say all who wait for it."""
        with LOCK:
            self.has_ended = True
            self._close_descriptors()
            # What was not written to its end was not read, either.
            unsent = [self._sent.pop(id) for id, _ in self._backlog if id in self._sent]
            sent, unsent = [*self._sent.values()], [*unsent, *self._waiting]
            self._backlog.clear()
            self._sent.clear()
            self._waiting.clear()
        how = self._wait_for_end()
        failure = self._failure or _failed(f"Cannot start the worker: its process {how}")
        for exchange in sent:
            exchange.finish(Lost(how, was_sent=True))
        for exchange in unsent:
            exchange.finish(Lost(how, was_sent=False) if self._requests > 0 else failure)

    def _wait_for_end(self) -> str:
        try:
            status = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        return f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"

    def _close_descriptors(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        os.close(self._wakes)
        os.close(self._wake)


_worker: Worker | None = None
#: What all runs of a worker may use, in bytes, if somebody has said.
_ram: int | None = None


def limit_ram(ram: int) -> None:
    """Limits the memory of all runs: of the worker there is, and of those that follow."""
    global _ram
    refuse_at_shutdown()
    with LOCK:
        _ram = ram
        if _worker is not None and not _worker.has_ended:
            _worker.limit_ram(ram)


def submit(exchange: Exchange) -> None:
    """Sends a request, once, to its worker: if it names none, to that of this process.

    That is started if there is none.

    Raises:
        CapsuleError: ``installation``, when it cannot be started; ``invalid_argument``, when the
            request is too large, or the interpreter is shutting down.
    """
    global _worker
    refuse_at_shutdown()
    size = len(exchange.payload) + len(exchange.data)
    if size > PAYLOAD_BYTES_AT_MOST:
        raise CapsuleError(
            "invalid_argument",
            f"the request has {size} bytes of JSON and binary data, "
            f"which are more than {PAYLOAD_BYTES_AT_MOST}",
        )
    with LOCK:
        if exchange.is_submitted:
            return
        if exchange.worker is None:
            if _worker is None or _worker.has_ended:
                _worker = _start()
                if _ram is not None:
                    _worker.limit_ram(_ram)
            exchange.worker = _worker
        exchange.is_submitted = True
        if not exchange.worker.has_ended:
            return exchange.worker.submit(exchange)
    exchange.finish(Lost("has ended", was_sent=False))
    return None


def refuse_at_shutdown() -> None:
    """Call it before ``LOCK`` is taken.

    The thread that talks to the worker ends when the interpreter shuts down, and may end while it
    holds a lock: whoever waits for either then would wait forever.

    Raises:
        CapsuleError: ``invalid_argument``, when the interpreter is shutting down.
    """
    if is_finalizing():
        raise _shutdown_error()


def _start() -> Worker:
    try:
        return Worker()
    except RuntimeError as error:
        # Since Python 3.12, functions of atexit can start no thread.
        if "shutdown" not in str(error):
            raise
        raise _shutdown_error() from error


def _shutdown_error() -> CapsuleError:
    return CapsuleError(
        "invalid_argument",
        "Cannot run programs: the Python interpreter is shutting down",
        "make the call before the program ends, for instance in a finally block",
    )


def cancel(exchange: Exchange) -> None:
    """Cancels a request, which is answered all the same. Nothing if it has been."""
    if is_finalizing():
        return
    with LOCK:
        worker = exchange.worker
        if not exchange.is_submitted or worker is None or worker.has_ended:
            return
        is_known = worker.cancel(exchange)
    if not is_known:
        exchange.finish(Cancelled())


def flush() -> None:
    """Lets the worker know of what is no longer wanted."""
    if is_finalizing():
        return
    with LOCK:
        if _worker is not None and not _worker.has_ended:
            _worker.wake()


def _start_process() -> subprocess.Popen[bytes]:
    command = worker_command()
    try:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            # It holds no folder of the user's: each request tells its own.
            cwd="/",
            env=worker_environment(),
            # Ctrl-C is for this process, which cancels what it wants to be cancelled.
            start_new_session=True,
        )
    except OSError as error:
        message = f'Cannot start "{command[0]}": {error.strerror}'
        raise CapsuleError("installation", message) from error


def _fileno(pipe: object) -> int:
    return pipe.fileno()  # type: ignore[attr-defined, no-any-return]  # both are pipes


def _failed(message: str) -> Frame:
    return Frame(0, {"type": "failed", "code": "installation", "message": message}, b"")


def _begin_as_fork() -> None:
    global _worker
    if _worker is not None:
        _worker.abandon()
        _worker = None
    LOCK.release()


os.register_at_fork(
    before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=_begin_as_fork
)
