"""What the buttons of our cards carry, opened."""

from collections.abc import Mapping
from typing import Any, Final

from adapters import teams_marks
from bot.seal import Seal

SEAL: Final = Seal(bytes(range(32)))


def named(data: Mapping[str, Any]) -> str:
    """The messages that a button names."""
    return " ".join(teams_marks.unsealed(SEAL, data["kept"], data["replaces"]))


def sealed(kept: str, *messages: str) -> str:
    """What a button carries that names these messages."""
    return teams_marks.sealed(SEAL, kept, messages)
