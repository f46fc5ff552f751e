"""Runs a command under a kernel that refuses some system calls, as a container's profile does.

    refuse.py [--errno NAME] [--nofile N] [--as BYTES] CALL... -- COMMAND...

CALL is a name of ``CALLS``: a system call, or one request of ``ioctl`` or ``madvise``. The filter
is inherited by all that the command starts.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import os
import platform
import resource
import struct
import sys

#: The number of the call on x86-64 and arm64, and which argument has to have which value, if only
#: that is refused.
CALLS: dict[str, tuple[int, int, tuple[int, int] | None]] = {
    "memfd_create": (319, 279, None),
    "userfaultfd": (323, 282, None),
    "openat2": (437, 437, None),
    "io_uring_setup": (425, 425, None),
    "madvise": (28, 233, None),
    "MADV_DONTNEED": (28, 233, (2, 4)),
    "MADV_POPULATE_WRITE": (28, 233, (2, 23)),
    "PAGEMAP_SCAN": (16, 29, (1, 0xC0606610)),
    "clone3": (435, 435, None),
    "statx": (332, 291, None),
    "copy_file_range": (326, 285, None),
    "flock": (73, 32, None),
    "sched_getaffinity": (204, 123, None),
}
#: Of each machine: its name in the kernel's audit code, and the column of ``CALLS``.
MACHINES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}

LOAD = 0x20  # BPF_LD | BPF_W | BPF_ABS
JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
RETURN = 0x06  # BPF_RET | BPF_K
ALLOW = 0x7FFF0000
ERRNO = 0x00050000
#: Of `struct seccomp_data`.
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2


def instruction(code: int, operand: int, if_true: int = 0, if_false: int = 0) -> bytes:
    """One `struct sock_filter`."""
    return struct.pack("HBBI", code, if_true, if_false, operand)


def program(names: list[str], error: int) -> bytes:
    """A filter that refuses the calls with an error and allows all others."""
    audit, column = MACHINES[platform.machine()]
    filters = [
        instruction(LOAD, ARCHITECTURE),
        instruction(JUMP_IF_EQUAL, audit, if_true=1),
        instruction(RETURN, ALLOW),
    ]
    for name in names:
        call = CALLS[name]
        number, argument = call[column], call[2]
        filters.append(instruction(LOAD, NUMBER))
        if argument is None:
            filters.append(instruction(JUMP_IF_EQUAL, number, if_false=1))
        else:
            index, value = argument
            filters.append(instruction(JUMP_IF_EQUAL, number, if_false=3))
            filters.append(instruction(LOAD, ARGUMENTS + 8 * index))
            filters.append(instruction(JUMP_IF_EQUAL, value, if_false=1))
        filters.append(instruction(RETURN, ERRNO | error))
    filters.append(instruction(RETURN, ALLOW))
    return b"".join(filters)


def install(filters: bytes) -> None:
    """Has the kernel apply a filter to this process, for good."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl.argtypes = [ctypes.c_int] + 4 * [ctypes.c_ulong]
    buffer = ctypes.create_string_buffer(filters, len(filters))
    header = struct.pack("HxxxxxxP", len(filters) // 8, ctypes.addressof(buffer))
    head = ctypes.create_string_buffer(header, len(header))
    for call in (
        (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.addressof(head), 0, 0),
    ):
        if libc.prctl(*call) != 0:
            raise OSError(ctypes.get_errno(), "Cannot install the filter")


def main() -> None:
    """Limits this process, and becomes the command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--errno", default="EPERM", help="what refused calls fail with")
    parser.add_argument("--nofile", type=int, help="the most descriptors")
    parser.add_argument("--as", type=int, dest="address_space", help="the most address space")
    parser.add_argument("calls", nargs="*", metavar="CALL")
    separator = sys.argv.index("--")
    options = parser.parse_args(sys.argv[1:separator])
    command = sys.argv[separator + 1 :]
    if options.nofile is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (options.nofile, options.nofile))
    if options.address_space is not None:
        resource.setrlimit(resource.RLIMIT_AS, (options.address_space, options.address_space))
    if options.calls:
        install(program(options.calls, getattr(errno, options.errno)))
    os.execvp(command[0], command)


main()
