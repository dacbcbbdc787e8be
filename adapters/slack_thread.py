"""The messages of one answer in a Slack thread: each is posted once, whatever happens, and from then on edited."""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, Final

from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_blocks import SlackMessage
from adapters.slack_payload import asked_at, inner, string
from adapters.slack_refusals import FAILURES, GONE, MISSING, NotTaken, not_taken
from bot.errors import Undelivered
from bot.ticket import CALL_SECONDS, Superseded, Ticket

PATIENCE: Final = 120.0  # seconds that Slack is given to take one message
FIRST_PAUSE: Final = 0.1  # seconds; each next one is twice as long
LONGEST_PAUSE: Final = 15.0
SETTLING: Final = 0.5  # seconds that Slack is given to finish what it did not answer
PAGE: Final = 200  # messages of a thread at once,
PAGES: Final = 50  # looked through for a message of ours
MARK: Final = "hausgeist_answer"  # the type of the metadata that tell our messages apart

log = logging.getLogger(__name__)


class SlackThread:
    """The thread under the message `root`, in which `ticket` allows one answer, in parts."""

    def __init__(
        self, client: AsyncWebClient, channel: str, root: str, ticket: Ticket, patience: float = PATIENCE
    ) -> None:
        self.channel = channel
        self._client = client
        self._root = root
        self._ticket = ticket
        self._patience = patience
        self._author = secrets.token_hex(4)  # tells our messages from those of another worker with the same turn
        self._unsure = ticket.again  # whether a message may stand in the thread that is not recorded
        self._doubted = False  # whether that mattered: what came in late is looked for once more

    @property
    def first(self) -> str:
        """The message that holds the answer's beginning; empty before it is posted."""
        return self._ticket.posted.get(0, "")

    async def status(self, text: str) -> None:
        """Shows what we are doing, where Slack allows it. Raises NotTaken, Superseded."""
        show = self._client.assistant_threads_setStatus
        where = {"channel_id": self.channel, "thread_ts": self._root}
        await self._call(self._ticket.leave(), show, **where, status=text, loading_messages=[text])

    async def try_show(self, message: SlackMessage, part: int = 0) -> None:
        """Makes this message the answer's part, posted or edited. Raises NotTaken, Superseded."""
        if await self._edited(message, part):
            return
        if self._unsure:
            self._doubted = True
            await self._adopt()
            if await self._edited(message, part):
                return
        await self._post(message, part)

    async def show(self, message: SlackMessage, part: int = 0) -> None:
        """The same, but insists, at last on the text alone. Raises Undelivered, Superseded, lasting NotTaken."""
        try:
            await self._insist(lambda: self.try_show(message, part))
        except NotTaken:
            if not message.blocks:
                raise
            bare = replace(message, blocks=())
            await self._insist(lambda: self.try_show(bare, part))

    async def end_after(self, parts: int) -> None:
        """Deletes what an earlier, longer attempt left behind, or came in late. Raises Undelivered, Superseded."""
        with contextlib.suppress(NotTaken):
            if self._doubted:
                await self._insist(self._adopt)
        for ts in [ts for part, ts in self._ticket.posted.items() if part >= parts]:
            with contextlib.suppress(NotTaken):
                await self._insist(partial(self._on, ts, self._client.chat_delete))

    async def _edited(self, message: SlackMessage, part: int) -> bool:
        """Turns the message of a part into this one; False if there is none, or none any more."""
        if not (ts := self._ticket.posted.get(part)):
            return False
        said = {"text": message.text, "blocks": message.blocks, "metadata": self._metadata(part)}
        try:
            await self._on(ts, self._client.chat_update, **said)
        except NotTaken as refusal:
            if refusal.reason not in GONE:
                raise
            await self._delete(ts)
            return False
        return True

    async def _post(self, message: SlackMessage, part: int) -> None:
        """Posts a part; until it is recorded, or Slack says that it does not stand there, nobody can be sure."""
        said = {"text": message.text, "blocks": message.blocks, "metadata": self._metadata(part)}
        post, where = self._client.chat_postMessage, {"channel": self.channel, "thread_ts": self._root}
        self._unsure = True
        try:
            posted = await self._call(
                self._ticket.leave(), post, **where, **said, unfurl_links=False, unfurl_media=False
            )
        except NotTaken as refusal:
            self._unsure = refusal.unsure
            raise
        if not (ts := string(posted, "ts")):
            raise NotTaken("no ts", unsure=True)
        try:
            await self._ticket.record(ts, part)
        except Superseded:
            await self._take_back(ts)
            raise
        self._unsure = False

    async def _adopt(self) -> None:
        """Records what stands in the thread for this turn and is not recorded; a second copy is deleted."""
        async for part, ts, _ in self._standing(self._ticket.leave):
            if part not in self._ticket.posted:
                await self._ticket.record(ts, part)
            elif self._ticket.posted[part] != ts:
                await self._delete(ts)
        self._unsure = False

    async def _take_back(self, ts: str) -> None:
        """Deletes what we posted when the turn was another's already, unless the other has made it theirs."""
        with contextlib.suppress(NotTaken, Undelivered):
            await self._insist(partial(self._delete_ours, ts))

    async def _delete_ours(self, ts: str) -> None:
        async for _, found, author in self._standing(_without_leave):
            if found == ts and author != self._author:
                return
        await self._delete(ts)

    async def _delete(self, ts: str) -> None:
        """Deletes a message that must not stand, for which nobody's leave is needed. Raises passing NotTaken."""
        try:
            await self._call(_without_leave(), self._client.chat_delete, channel=self.channel, ts=ts)
        except NotTaken as refusal:
            if not refusal.lasting:
                raise

    async def _standing(self, leave: Callable[[], asyncio.Timeout]) -> AsyncIterator[tuple[int, str, str]]:
        """Part, ts and author of our messages for this turn; none where we may not read the thread."""
        cursor = ""
        look = {"channel": self.channel, "ts": self._root, "include_all_metadata": True, "limit": PAGE}
        since = asked_at(self._ticket.key) or None
        for _ in range(PAGES):
            try:
                page = await self._call(
                    leave(), self._client.conversations_replies, **look, oldest=since, cursor=cursor or None
                )
            except NotTaken as refusal:
                if not refusal.lasting:
                    raise
                _warn_of(refusal.reason)
                return
            for message in page.get("messages", []):
                mark = inner(message, "metadata")
                noted = inner(mark, "event_payload")
                if string(mark, "event_type") == MARK and noted.get("turn") == self._ticket.key:
                    yield int(str(noted.get("part", 0))), string(message, "ts"), string(noted, "author")
            if not (cursor := string(inner(page, "response_metadata"), "next_cursor")):
                return

    def _metadata(self, part: int) -> dict[str, object]:
        noted = {"turn": self._ticket.key, "part": part, "author": self._author}
        return {"event_type": MARK, "event_payload": noted}

    async def _on(self, ts: str, method: Callable[..., Awaitable[Any]], **arguments: object) -> None:
        await self._call(self._ticket.leave(), method, channel=self.channel, ts=ts, **arguments)

    async def _call(
        self, deadline: asyncio.Timeout, method: Callable[..., Awaitable[Any]], **arguments: object
    ) -> dict[str, Any]:
        try:
            async with deadline:
                response = await method(**arguments)
            return response.data if isinstance(response.data, dict) else {}
        except FAILURES as error:
            raise not_taken(error) from None

    async def _insist(self, call: Callable[[], Awaitable[object]]) -> None:
        """Tries until Slack takes it. Raises NotTaken if it never will, Undelivered if it would take too long."""
        until, growing = time.monotonic() + self._patience, FIRST_PAUSE
        while True:
            try:
                await call()
            except NotTaken as refusal:
                if refusal.lasting:
                    raise
                pause = max(refusal.pause, growing, SETTLING * refusal.unsure)
            else:
                return
            if time.monotonic() + pause > until:
                raise Undelivered("Slack did not take the answer.")
            await asyncio.sleep(pause)
            growing = min(2 * growing, LONGEST_PAUSE)


@lru_cache(8)
def _warn_of(reason: str) -> None:
    """Says once a process what a scope is missing for; other reasons lie in the one thread."""
    if reason.startswith(MISSING):
        log.warning("threads cannot be read: after a crash an answer may stand twice", extra={"reason": reason})


def _without_leave() -> asyncio.Timeout:
    return asyncio.timeout(CALL_SECONDS)
