"""What is kept of a source is used by one sync at a time, of whatever process."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import SourceError

PATIENCE_S = 600.0


@contextmanager
def alone(room: Path, patience: float = PATIENCE_S) -> Iterator[None]:
    """Holds the room, which goes free with our process; raises SourceError where another sync keeps it for long."""
    until = time.monotonic() + patience
    with (room / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise SourceError(f"another sync has been reading it for {patience / 60:.0f} minutes") from None
                time.sleep(0.1)
        yield
