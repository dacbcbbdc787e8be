"""Leave to speak for a turn: given with its lease, lost when another worker takes the turn over."""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

# A call to a platform ends before the lease does; so does the process that was stopped in the midst of one.
CALL_SECONDS: Final = 8.0


class Superseded(Exception):
    """Another worker has the turn now, or may have: say nothing more."""


class Ticket(Protocol):
    """What an adapter needs to show one answer once, whatever happens to the process in between.

    A message is posted under `leave`, recorded at once, and from then on only edited: whoever takes the turn over finds
    it in `posted`. `key` may be noted beside the message on the platform; where `again` is true, an earlier worker may
    have posted one that it could not record any more.
    """

    key: str
    again: bool

    @property
    def posted(self) -> Mapping[int, str]:
        """The platform's ids of the messages that were posted for this turn, by part (0 is the first)."""

    def leave(self, seconds: float = CALL_SECONDS) -> asyncio.Timeout:
        """The deadline for one call to the platform. Raises Superseded where the turn may be another's by now."""

    async def record(self, message: str, part: int = 0) -> None:
        """Notes a posted message. Raises Superseded or StateDown: it is not noted, and had better be taken back."""


@dataclass(slots=True)
class FreeTicket:
    """The ticket of a turn that nobody can take over; the fake of this port."""

    key: str = ""
    again: bool = False
    posted: dict[int, str] = field(default_factory=dict)
    valid_until: float = math.inf  # by time.monotonic

    def leave(self, seconds: float = CALL_SECONDS) -> asyncio.Timeout:
        left = self.valid_until - time.monotonic()
        if left <= 0:
            raise Superseded
        return asyncio.timeout(min(seconds, left))

    async def record(self, message: str, part: int = 0) -> None:
        if self.valid_until <= time.monotonic():
            raise Superseded
        self.posted[part] = message
