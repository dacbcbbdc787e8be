"""How long ago a source was read, and whether that is too long."""

from datetime import UTC, datetime

from rag.library import Synced

LATE = 3  # times its minutes without a whole reading, and a source counts as late


def late(one: Synced, minutes: float, now: datetime | None = None) -> bool:
    """Whether a source was not read whole for much longer than it should: `minutes`, where it says nothing itself."""
    age = seconds_since(one.last_sync, now)
    return age is None or age > 60 * LATE * (one.source.minutes or minutes)


def seconds_since(moment: str, now: datetime | None = None) -> float | None:
    """How long ago a moment was, as the catalog writes it; None for one that never was."""
    return ((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds() if moment else None
