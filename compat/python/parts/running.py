"""Programs that run: time shared, measured, watched and tested."""

import io

from tried import tries


@tries("asyncio", "run, gather, TaskGroup, timeout, Queue, Event")
def _(_server):
    import asyncio

    async def nap(n):
        await asyncio.sleep(n / 100)
        return n

    async def several():
        queue = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            group.create_task(queue.put(await nap(1)))
        try:
            async with asyncio.timeout(0.01):
                await asyncio.Event().wait()
        except TimeoutError:
            return [*await asyncio.gather(nap(2), nap(1)), await queue.get()]

    assert asyncio.run(several()) == [2, 1, 1]


@tries("atexit", "register, unregister")
def _(_server):
    import atexit

    assert atexit.register(print) is print and atexit.unregister(print) is None


@tries("bdb", "a debugger that stops in a function")
def _(_server):
    import bdb

    lines = []

    class Debugger(bdb.Bdb):
        def user_line(self, frame):
            lines.append(frame.f_lineno)
            self.set_step()

    Debugger().run("x = 1\ny = 2\n", {})
    assert lines[:2] == [1, 2]


@tries("cProfile", "a profile of a call")
def _(_server):
    import cProfile

    profile = cProfile.Profile()
    assert profile.runcall(sum, [1, 2]) == 3 and profile.getstats()


@tries("concurrent", "Future; then a ThreadPoolExecutor")
def _(_server):
    import concurrent.futures

    future = concurrent.futures.Future()
    future.set_result(1)
    assert future.result() == 1 and concurrent.futures.wait([future]).not_done == set()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        pool.submit(sum, [1]).result()


@tries("errno", "errorcode")
def _(_server):
    import errno
    import os

    assert errno.errorcode[errno.ENOENT] == "ENOENT" and os.strerror(errno.ENOENT)


@tries("faulthandler", "is_enabled")
def _(_server):
    import faulthandler

    assert faulthandler.is_enabled() is False


@tries("getpass", "getuser, from the environment")
def _(_server):
    import getpass
    import os

    os.environ["USER"] = "ada"
    assert getpass.getuser() == "ada"


@tries("logging", "loggers, handlers, formatters, config")
def _(_server):
    import logging
    import logging.config

    output = io.StringIO()
    handler = logging.StreamHandler(output)
    handler.setFormatter(logging.Formatter("{levelname} {name}: {message}", style="{"))
    logger = logging.getLogger("a.b")
    logger.addHandler(handler)
    logger.propagate = False
    logger.warning("n is %d", 1)
    logger.debug("unseen")
    assert output.getvalue() == "WARNING a.b: n is 1\n"
    logging.config.dictConfig({"version": 1, "disable_existing_loggers": False})


@tries("pdb", "commands from a file")
def _(_server):
    import pdb

    output = io.StringIO()
    debugger = pdb.Pdb(stdin=io.StringIO("next\np x\ncontinue\n"), stdout=output, nosigint=True)
    debugger.run("x = 41\nx += 1\n", {})
    assert "41" in output.getvalue()


@tries("platform", "python_version, platform")
def _(_server):
    import platform

    assert platform.python_version().startswith("3.14") and isinstance(platform.platform(), str)


@tries("profile", "a profile of a call")
def _(_server):
    import profile

    assert profile.Profile().runcall(sum, [1, 2]) == 3


@tries("pstats", "a sorted profile as text")
def _(_server):
    import cProfile
    import pstats

    with cProfile.Profile() as measured:
        sorted([3, 1, 2])
    output = io.StringIO()
    pstats.Stats(measured, stream=output).sort_stats("cumulative").print_stats(5)
    assert "function calls" in output.getvalue()


@tries("sched", "events in the order of their times")
def _(_server):
    import sched

    seen, scheduler = [], sched.scheduler()
    scheduler.enter(0.02, 1, seen.append, (2,))
    scheduler.enter(0.01, 1, seen.append, (1,))
    scheduler.run()
    assert seen == [1, 2]


@tries("signal", "names of signals, getsignal, signal; none arrives")
def _(_server):
    import signal

    assert signal.Signals(15) is signal.SIGTERM
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN and before is not None


@tries("threading", "Lock, Event, current_thread; then a Thread")
def _(_server):
    import threading

    with threading.RLock(), threading.Lock():
        assert threading.current_thread() is threading.main_thread()
    event = threading.Event()
    event.set()
    assert event.wait(1) and threading.active_count() == 1
    threading.Thread(target=print).start()


@tries("timeit", "timeit")
def _(_server):
    import timeit

    assert timeit.timeit("1 + 1", number=100) >= 0


@tries("trace", "counts of lines")
def _(_server):
    import trace

    tracer = trace.Trace(trace=False, count=True)
    assert tracer.runfunc(lambda: 3) == 3 and tracer.results().counts


@tries("tracemalloc", "start, snapshot, statistics")
def _(_server):
    import tracemalloc

    tracemalloc.start()
    kept = [bytes(1000) for _ in range(10)]
    assert tracemalloc.get_traced_memory()[0] > 9000 and len(kept) == 10
    assert tracemalloc.take_snapshot().statistics("lineno")
    tracemalloc.stop()


@tries("unittest", "TestCase, mock, IsolatedAsyncioTestCase, a run with a failure")
def _(_server):
    import unittest
    from unittest import mock

    class Test(unittest.TestCase):
        def test_right(self):
            with mock.patch("os.getcwd", return_value="/x") as getcwd:
                import os

                self.assertEqual(os.getcwd(), "/x")
            getcwd.assert_called_once()

        def test_wrong(self):
            self.assertEqual(1, 2)

    class AsyncTest(unittest.IsolatedAsyncioTestCase):
        async def test_awaits(self):
            self.assertEqual(await mock.AsyncMock(return_value=3)(), 3)

    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite([load(Test), load(AsyncTest)])
    result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    assert (result.testsRun, len(result.failures), len(result.errors)) == (3, 1, 0)
