"""The messages of one answer in a Slack thread: each is posted once, whatever happens, and from then on edited."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from adapters.slack_blocks import SlackMessage
from adapters.slack_calls import SlackCalls
from adapters.slack_marks import Found, SlackMarks
from adapters.slack_payload import string
from adapters.slack_refusals import GONE, NotTaken, grows
from bot.errors import Undelivered
from bot.ticket import Superseded, Ticket

PATIENCE: Final = 120.0  # seconds that Slack is given to take one message
FIRST_PAUSE: Final = 0.1  # seconds; each next one is twice as long
LONGEST_PAUSE: Final = 15.0
SETTLING: Final = 0.5  # seconds that Slack is given to finish what it did not answer

_QUIETLY: Final[Mapping[str, object]] = {"unfurl_links": False, "unfurl_media": False}

Chunk = Mapping[str, Any]
Leave = Callable[[], asyncio.Timeout]

log = logging.getLogger(__name__)


class SlackThread:
    """The thread under the message `root`, in which `ticket` allows one answer, in parts.

    `replaced` are the messages of an earlier answer, part by part, which become those of this one; `bot` is our user.
    """

    def __init__(
        self,
        calls: SlackCalls,
        channel: str,
        root: str,
        ticket: Ticket,
        patience: float = PATIENCE,
        *,
        replaced: Sequence[str] = (),
        bot: str = "",
    ) -> None:
        self.channel = channel
        self.growing = False  # whether the first message is one that Slack lets grow until it is told to end
        self._calls = calls
        self.root = root
        self._ticket = ticket
        self._patience = patience
        self._replaced = dict(enumerate(replaced))
        self._marks = SlackMarks(ticket.key, bot)
        self._unsure = ticket.again  # whether a message may stand in the thread that is not recorded
        self._doubted = False  # whether that mattered: what came in late is looked for once more

    @property
    def unsure(self) -> bool:
        """Whether a message for this turn may stand there unrecorded: it is looked for before another is posted."""
        return self._unsure

    @property
    def first(self) -> str:
        """The message that holds the answer's beginning; empty before it is posted."""
        return self._standing_parts.get(0, "")

    @property
    def parts(self) -> list[str]:
        """The messages of the answer, in order."""
        return [ts for _, ts in sorted(self._standing_parts.items())]

    @property
    def _standing_parts(self) -> dict[int, str]:
        return self._replaced | dict(self._ticket.posted)

    async def status(self, text: str) -> None:
        """Shows what we are doing, where Slack allows it. Raises NotTaken, Superseded."""
        if not self.root:
            return
        where = {"channel_id": self.channel, "thread_ts": self.root}
        said = {"status": text, "loading_messages": [text]}
        await self._calls.call("assistant.threads.setStatus", {**where, **said}, self._ticket.leave, optional=True)

    async def name(self, title: str) -> None:
        """Names the thread in the list of conversations, where Slack has one. Raises NotTaken, Superseded."""
        where = {"channel_id": self.channel, "thread_ts": self.root}
        await self._calls.call(
            "assistant.threads.setTitle", {**where, "title": title}, self._ticket.leave, optional=True
        )

    async def whisper(self, user: str, message: SlackMessage) -> None:
        """Shows a message to one person alone; where Slack will not, the log has it. Raises Undelivered, Superseded."""
        where = {"channel": self.channel, "user": user, "thread_ts": self.root or None}
        said = {**where, "text": message.text, "blocks": message.blocks}
        try:
            await self._insist(lambda: self._calls.call("chat.postEphemeral", said, self._ticket.leave))
        except NotTaken as refusal:
            log.error("slack lets nobody be told", extra={"reason": refusal.reason})

    async def begin(self, chunks: Sequence[Chunk], **how: str) -> None:
        """Posts the first message as one that grows. Raises NotTaken, Superseded, StateDown."""
        await self._put("chat.startStream", {"chunks": chunks, **how}, 0, optional=True)
        self.growing = True

    async def grow(self, chunks: Sequence[Chunk]) -> None:
        """Appends to the first message. Raises NotTaken, Superseded."""
        await self._on(self.first, "chat.appendStream", {"chunks": chunks}, optional=True)

    async def end_growing(self, chunks: Sequence[Chunk] = (), below: SlackMessage | None = None) -> None:
        """Appends the last and what stands below, and the first message grows no more. Raises NotTaken, Superseded."""
        blocks = below.blocks if below else None
        last = {"chunks": chunks or None, "blocks": blocks, "metadata": self._marks.of(0)}
        await self._insist(partial(self._on, self.first, "chat.stopStream", last), unsure=False)
        self.growing = False

    async def try_show(self, message: SlackMessage, part: int = 0, *, optional: bool = True) -> None:
        """Makes this message the answer's part, posted or edited. Raises NotTaken, Superseded."""
        if await self._edited(message, part, optional=optional):
            return
        if self._unsure:
            self._doubted = True
            await self._adopt()
            if await self._edited(message, part, optional=optional):
                return
        await self._put("chat.postMessage", {**self._said(message, part), **_QUIETLY}, part, optional=optional)

    async def show(self, message: SlackMessage, part: int = 0) -> None:
        """The same, but insists, at last on the text alone. Raises Undelivered, Superseded, lasting NotTaken."""
        try:
            await self._insist(lambda: self.try_show(message, part, optional=False))
        except NotTaken:
            if not message.blocks:
                raise
            bare = replace(message, blocks=())
            await self._insist(lambda: self.try_show(bare, part, optional=False))

    async def end_after(self, parts: int) -> None:
        """Deletes what an earlier, longer attempt left behind, or came in late. Raises Undelivered, Superseded."""
        with contextlib.suppress(NotTaken):
            if self._doubted:
                await self._insist(self._adopt)
        for ts in [ts for part, ts in self._standing_parts.items() if part >= parts]:
            with contextlib.suppress(NotTaken):
                await self._insist(partial(self._on, ts, "chat.delete"))

    async def _edited(self, message: SlackMessage, part: int, *, optional: bool) -> bool:
        """Turns the message of a part into this one; False if there is none, or none any more."""
        if not (ts := self._standing_parts.get(part)):
            return False
        if part == 0 and self.growing:
            await self._stop_growing(ts)
        said = self._said(message, part)
        try:
            try:
                await self._on(ts, "chat.update", said, optional=optional)
            except NotTaken as refusal:
                if not grows(refusal):
                    raise
                await self._stop_growing(ts)  # whoever had the turn before us did not come to that
                await self._on(ts, "chat.update", said, optional=optional)
        except NotTaken as refusal:
            if refusal.reason not in GONE:
                raise
            self._replaced.pop(part, None)
            await self._delete(ts)
            return False
        return True

    async def _stop_growing(self, ts: str) -> None:
        """Has Slack let a message be edited; Slack itself ends one that grows for five minutes. Raises NotTaken."""
        try:
            await self._on(ts, "chat.stopStream", {"metadata": self._marks.of(0)})
        except NotTaken as refusal:
            if not refusal.lasting:
                raise
        self.growing = False

    async def _put(self, method: str, said: Mapping[str, object], part: int, *, optional: bool) -> None:
        """Posts a part; until it is recorded, or Slack says that it does not stand there, nobody can be sure."""
        where = {"channel": self.channel, "thread_ts": self.root or None}
        before, self._unsure = self._unsure, True
        try:
            posted = await self._calls.call(method, {**where, **said}, self._ticket.leave, optional=optional)
        except NotTaken as refusal:
            self._unsure = before or refusal.unsure
            raise
        if not (ts := string(posted, "ts")):
            raise NotTaken("no ts", unsure=True)
        try:
            await self._ticket.record(ts, part)
        except Superseded:
            await self._take_back(ts)
            raise
        self._unsure = before

    async def _adopt(self) -> None:
        """Records what stands in the thread for this turn and is not recorded; a second copy is deleted."""
        async for found in self._standing(self._ticket.leave):
            if found.part is not None and found.part not in self._ticket.posted:
                await self._ticket.record(found.ts, found.part)
            elif found.part is None or self._ticket.posted[found.part] != found.ts:
                await self._delete(found.ts)
        self._unsure = False

    async def _take_back(self, ts: str) -> None:
        """Deletes what we posted when the turn was another's already, unless the other has made it theirs."""
        with contextlib.suppress(NotTaken, Undelivered):
            await self._insist(partial(self._delete_ours, ts))

    async def _delete_ours(self, ts: str) -> None:
        async for found in self._standing(None):
            if found.ts == ts and found.author not in ("", self._marks.author):
                return
        await self._delete(ts)

    async def _delete(self, ts: str) -> None:
        """Deletes a message that must not stand, for which nobody's leave is needed. Raises passing NotTaken."""
        try:
            await self._calls.call("chat.delete", {"channel": self.channel, "ts": ts})
        except NotTaken as refusal:
            if not refusal.lasting:
                raise

    def _standing(self, leave: Leave | None) -> AsyncIterator[Found]:
        return self._marks.standing(self._calls, (self.channel, self.root), leave, known={self.root, *self.parts})

    def _said(self, message: SlackMessage, part: int) -> dict[str, object]:
        return {"text": message.text, "blocks": message.blocks, "metadata": self._marks.of(part)}

    async def _on(
        self, ts: str, method: str, said: Mapping[str, object] = MappingProxyType({}), *, optional: bool = False
    ) -> None:
        where = {"channel": self.channel, "ts": ts}
        await self._calls.call(method, {**where, **said}, self._ticket.leave, optional=optional)

    async def _insist(self, call: Callable[[], Awaitable[object]], *, unsure: bool = True) -> None:
        """Tries until Slack takes it. Raises NotTaken if it never will, Undelivered if it would take too long.

        Without `unsure` what may have been taken is not tried again: that raises NotTaken too.
        """
        until, growing = time.monotonic() + self._patience, FIRST_PAUSE
        while True:
            try:
                await call()
            except NotTaken as refusal:
                if refusal.lasting or (refusal.unsure and not unsure):
                    raise
                pause = max(refusal.pause, growing, SETTLING * refusal.unsure)
            else:
                return
            if time.monotonic() + pause > until:
                raise Undelivered("Slack did not take the answer.")
            await asyncio.sleep(pause)
            growing = min(2 * growing, LONGEST_PAUSE)
