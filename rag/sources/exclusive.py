"""What is kept of a source is used by one sync at a time, of whatever process."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import SourceError
from rag.locks import held

PATIENCE_S = 600.0


@contextmanager
def alone(room: Path, patience: float = PATIENCE_S) -> Iterator[None]:
    """Holds the room, which goes free with our process; raises SourceError where another sync keeps it for long."""
    with held(room / "lock", patience) as ours:
        if not ours:
            raise SourceError(f"another sync has been reading it for {patience / 60:.0f} minutes")
        yield
