"""Takes from this process what a parser does not need: memory, time, other files, the network, other programs.

Limits hold everywhere. On Linux, seccomp refuses sockets and programs, also without root and in containers; where the
kernel has Landlock, no file outside the interpreter and its libraries can be opened any more.
"""

import contextlib
import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

MEMORY = 2**30
"""Bytes of address space, which is more than what is in use."""

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 1  # EPERM
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_X32 = 0x40000000  # another numbering of the same calls
# By processor: how the kernel names it, and its numbers for socket, connect, bind, sendto, sendmsg, execve, execveat,
# ptrace, process_vm_readv, process_vm_writev, io_uring_setup, kill.
_CALLS = {
    "x86_64": (0xC000003E, (41, 42, 49, 44, 46, 59, 322, 101, 310, 311, 425, 62)),
    "aarch64": (0xC00000B7, (198, 203, 200, 206, 211, 221, 281, 117, 270, 271, 425, 129)),
}
_CREATE, _ADD, _RESTRICT = 444, 445, 446  # Landlock's calls, the same on every processor
_EXECUTE, _READ_FILE, _READ_FOLDER = 1, 4, 8
_EVERYTHING = (1 << 13) - 1  # all that the first version of Landlock knows
_BENEATH = 1


def confine(seconds: int, readable: Iterable[Path] = (), memory: int = MEMORY) -> None:
    """Bounds this process for good; it ends by itself after so many seconds, should nobody be left to end it."""
    bounds = {
        resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, bound in bounds.items():
        with contextlib.suppress(ValueError, OSError):  # not every system knows each
            resource.setrlimit(kind, (bound, bound))
    signal.alarm(seconds)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        _hide_files(libc, readable)
        _refuse_calls(libc)


def _refuse_calls(libc: ctypes.CDLL) -> None:
    """Installs a filter that refuses calls; any other processor's numbering than the known ones is left alone."""
    known = _CALLS.get(platform.machine())
    if known is None:
        return
    name, calls = known
    program = [
        _step(_LOAD, 4),
        _step(_EQUAL, name, 0, len(calls) + 3),
        _step(_LOAD, 0),
        _step(_AT_LEAST, _X32, len(calls) + 1, 0),
        *(_step(_EQUAL, call, len(calls) - at, 0) for at, call in enumerate(calls)),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, _REFUSE),
    ]
    steps = ctypes.create_string_buffer(b"".join(program))
    whole = struct.pack("HxxxxxxP", len(program), ctypes.addressof(steps))
    libc.prctl(_SECCOMP, _FILTER, ctypes.create_string_buffer(whole), 0, 0)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("HBBI", code, yes, no, value)


def _hide_files(libc: ctypes.CDLL, readable: Iterable[Path]) -> None:
    """Has Landlock refuse every file but those beneath some folders, which can be read and loaded."""
    handled = ctypes.create_string_buffer(struct.pack("Q", _EVERYTHING))
    rules = libc.syscall(_CREATE, handled, ctypes.c_size_t(8), 0)
    if rules < 0:
        return  # an older kernel, or one without it
    for folder in readable:
        with contextlib.suppress(OSError):
            place = os.open(folder, os.O_PATH)
            allowed = _EXECUTE | _READ_FILE | (_READ_FOLDER if folder.is_dir() else 0)
            rule = ctypes.create_string_buffer(struct.pack("=Qi", allowed, place))
            libc.syscall(_ADD, rules, _BENEATH, rule, 0)
            os.close(place)
    libc.syscall(_RESTRICT, rules, 0)
    os.close(rules)
