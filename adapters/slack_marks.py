"""What our messages bear so that they are found again in their thread, and the search for those of one turn."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from adapters.slack_calls import SlackCalls
from adapters.slack_payload import Payload, asked_at, inner, string
from adapters.slack_refusals import MISSING, NotTaken

PAGE: Final = 200  # messages of a thread at once,
PAGES: Final = 50  # looked through for a message of ours
MARK: Final = "hausgeist_answer"  # the type of the metadata that tell our messages apart

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """A message of ours: which part of the turn's answer it is; None for one that nobody recorded or finished."""

    ts: str
    part: int | None = None
    author: str = ""


@dataclass(frozen=True, slots=True)
class SlackMarks:
    """The marks of the turn `turn`; `bot` is our user, `author` tells us from another worker with the same turn."""

    turn: str
    bot: str = ""
    author: str = field(default_factory=lambda: secrets.token_hex(4))

    def of(self, part: int) -> dict[str, object]:
        """The metadata of a part of the answer."""
        return {"event_type": MARK, "event_payload": {"turn": self.turn, "part": part, "author": self.author}}

    async def standing(
        self,
        calls: SlackCalls,
        thread: tuple[str, str],
        leave: Callable[[], asyncio.Timeout] | None,
        known: Collection[str],
    ) -> AsyncIterator[Found]:
        """Our messages for this turn in a thread, given by channel and root; none where we may not read it.

        What is `known` is no stray, whatever it bears. Raises passing NotTaken, and what `leave` raises.
        """
        channel, root = thread
        look: dict[str, object] = {"channel": channel, "ts": root, "include_all_metadata": True, "limit": PAGE}
        look |= {"oldest": asked_at(self.turn) or None}
        cursor = ""
        for _ in range(PAGES):
            try:
                page = await calls.call("conversations.replies", look | {"cursor": cursor or None}, leave)
            except NotTaken as refusal:
                if not refusal.lasting:
                    raise
                _warn_of(refusal.reason)
                return
            for message in page.get("messages", []):
                if found := self._found(message, known):
                    yield found
            if not (cursor := string(inner(page, "response_metadata"), "next_cursor")):
                return

    def _found(self, message: Payload, known: Collection[str]) -> Found | None:
        mark, ts = inner(message, "metadata"), string(message, "ts")
        noted = inner(mark, "event_payload")
        if string(mark, "event_type") == MARK and noted.get("turn") == self.turn:
            return Found(ts, int(str(noted.get("part", 0))), string(noted, "author"))
        return Found(ts) if not mark and ts not in known and self._stray(message) else None

    def _stray(self, message: Payload) -> bool:
        """Whether it is ours, came after the question and is no complete answer: a stream that nobody recorded.

        Slack takes a mark for a stream at its end alone.
        """
        after = float(asked_at(string(message, "ts")) or 0) > float(asked_at(self.turn) or 0)
        blocks = message.get("blocks")
        kinds = [string(one, "type") for one in blocks if isinstance(one, dict)] if isinstance(blocks, list) else []
        return bool(self.bot) and string(message, "user") == self.bot and after and "context_actions" not in kinds


@lru_cache(8)
def _warn_of(reason: str) -> None:
    """Says once a process what a scope is missing for; other reasons lie in the one thread."""
    if reason.startswith(MISSING):
        log.warning("threads cannot be read: after a crash an answer may stand twice", extra={"reason": reason})
