"""What the hosts of these tests need to know of processes."""

import os
import time
from pathlib import Path


def workers(parent: "int | None" = None) -> list:
    """The worker processes of a process: of this one by default."""
    parent = os.getpid() if parent is None else parent
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        state, parent_id = status[0], int(status[1])
        if parent_id == parent and state != "Z" and b"worker" in arguments:
            found.append(int(folder.name))
    return found


def wait_for_end(process: int, seconds: float = 5) -> None:
    """Waits until a process is no more."""
    until = time.monotonic() + seconds
    while is_alive(process):
        assert time.monotonic() < until, f"process {process} still runs after {seconds} s"
        time.sleep(0.01)


def is_alive(process: int) -> bool:
    """Whether a process runs: what nobody has waited for does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False
