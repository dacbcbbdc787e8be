"""Becomes a server that ends with its parent: run as `python -I -S embedded_launch.py`, it sets up and then execs.

Knows nothing of the servers, and imports nothing but the standard library: it runs before each start.
"""

import ctypes
import fcntl
import os
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Takes `PARENT PID_FILE NICE DEATH_SIGNAL COMMAND...`, holds the pid file's lock while it lives, and execs."""
    parent, pid_file, nice, death_signal, *command = sys.argv[1:]
    _die_with(int(parent), signal.Signals[death_signal])
    _hold(Path(pid_file))
    os.nice(int(nice))
    os.execv(command[0], command)  # noqa: S606


def _die_with(parent: int, death_signal: signal.Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died before we asked for the signal
        sys.exit("the process that started this server is gone")


def _hold(pid_file: Path) -> None:
    descriptor = os.open(pid_file, os.O_RDWR | os.O_CREAT, 0o600)
    # A POSIX lock survives exec and, unlike flock, is not shared with children that the server forks.
    fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.truncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    os.set_inheritable(descriptor, True)


if __name__ == "__main__":
    main()
