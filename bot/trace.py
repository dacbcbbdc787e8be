"""What one turn did and how long it took, without a word of its text: the source of metrics, log and audit."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, Protocol

UNFINISHED: Final = "unfinished"


@dataclass(slots=True)
class Trace:
    """The steps of one turn in milliseconds, its outcome and counts; `waited` is in seconds, before the first step."""

    platform: str
    id: str = field(default_factory=lambda: secrets.token_hex(8))
    outcome: str = UNFINISHED
    steps: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    waited: float = 0.0

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Times what happens inside, also when it fails."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.steps[name] = self.steps.get(name, 0.0) + (time.perf_counter() - begun) * 1000


class Journal(Protocol):
    """Where traces go."""

    def record(self, trace: Trace) -> None:
        """Takes a finished trace; never raises, never waits."""
