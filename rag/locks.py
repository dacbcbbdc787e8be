"""Lock files between processes of one host; a lock goes free with the process that holds it."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import SourceError

PATIENCE_S = 600.0
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


@contextmanager
def alone(room: Path, patience: float = PATIENCE_S) -> Iterator[None]:
    """Holds what is kept of a source; raises SourceError where another sync has it for so many seconds."""
    with held(room / "lock", patience) as ours:
        if not ours:
            raise SourceError(f"another sync has been reading it for {patience / 60:.0f} minutes")
        yield


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
