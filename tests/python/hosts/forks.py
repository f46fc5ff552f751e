"""A fork has a worker of its own, and harms none of its parent's."""

import multiprocessing
import os
import threading
import warnings

from workers import wait_for_end, workers

from capsule import CapsuleError, open_sync, run_sync

# Python warns of what every fork beside a thread risks.
warnings.filterwarnings("ignore", category=DeprecationWarning)

OPTIONS = {"code": "def main(n): return n + 1", "language": "python"}
program = open_sync(**OPTIONS)
assert program.call("main", [1])["result"] == 2
(own,) = workers()


def in_child() -> int:
    """Uses what was opened before, and a run of its own. Returns its worker."""
    assert program.call("main", [2])["result"] == 3
    assert run_sync(**OPTIONS, args=[3])["result"] == 4
    (worker,) = workers()
    assert worker != own
    return worker


def fork() -> int:
    """Returns the worker of a child that has ended well."""
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writes, str(in_child()).encode())
        os._exit(0)
    os.close(writes)
    worker = int(os.read(reads, 100))
    os.close(reads)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return worker


def fail(_: int) -> None:
    """Raises in another process."""
    run_sync(file="missing.py")


def main() -> None:
    """Forks in several ways."""
    wait_for_end(fork())
    # While other threads are in the midst of calls.
    stop = threading.Event()

    def keep_calling() -> None:
        while not stop.is_set():
            assert program.call("main", [1])["result"] == 2

    threads = [threading.Thread(target=keep_calling) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        wait_for_end(fork())
    stop.set()
    for thread in threads:
        thread.join()
    for method in ("fork", "spawn", "forkserver"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            try:
                pool.map(fail, range(2))
            except CapsuleError as error:
                assert error.code == "file_not_found"
            else:
                raise AssertionError("no CapsuleError")
    assert workers() == [own]
    assert program.call("main", [5])["result"] == 6
    print("ok")


if __name__ == "__main__":
    main()
