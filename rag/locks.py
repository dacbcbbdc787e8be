"""Lock files between processes of one host; a lock goes free with the process that holds it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PAUSE_S = 0.1


@contextmanager
def held(file: Path, patience: float = 0) -> Iterator[bool]:
    """Tells whether the lock is ours, after waiting so many seconds for it; raises OSError."""
    until = time.monotonic() + patience
    file.touch(mode=0o600)
    with file.open("a") as lock:
        while not (ours := _taken(lock.fileno())) and time.monotonic() < until:
            time.sleep(_PAUSE_S)
        yield ours


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
