"""One answer on its way into a Slack thread: posted with its first words, edited as it grows, finished in full."""

import asyncio
import contextlib
import logging
from typing import Final

from adapters.slack_blocks import draft, failure, whole, with_thumbs
from adapters.slack_events import answer_id
from adapters.slack_thread import NotTaken, SlackThread
from bot.answers import Answer
from bot.errors import HausgeistError, Unavailable

PAUSE: Final = 1.0  # seconds between two edits of a growing answer

log = logging.getLogger(__name__)


class SlackReply:
    """A `Reply` in a thread; `pause` is the time between two edits."""

    def __init__(self, thread: SlackThread, pause: float = PAUSE) -> None:
        self._thread = thread
        self._pause = pause
        self._status = self._text = self._shown = ""
        self._ts = ""  # the message that grows
        self._showing: asyncio.Task[None] | None = None
        self._complete = asyncio.Event()

    async def status(self, text: str) -> None:
        """Shows what we are doing until there are words to show."""
        self._status = text
        self._show()

    async def write(self, piece: str) -> None:
        """Takes the next piece; the thread follows as fast as Slack allows."""
        self._text += piece
        self._show()

    async def finish(self, answer: Answer) -> str:
        """Shows the whole answer, over several messages if it is long; returns the name of the first."""
        await self._settled()
        first, *more = whole(answer)
        ts = await self._thread.show(first if more else with_thumbs(first), self._ts)
        self._ts = ""  # what is shown in full, no later failure overwrites
        for message in more:
            await self._thread.show(with_thumbs(message, ts) if message is more[-1] else message)
        return answer_id(self._thread.channel, ts)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Says what went wrong, in place of what was written; never raises, the log has it if even that fails."""
        await self._settled()
        try:
            await self._thread.show(failure(error, trace_id), self._ts)
        except Unavailable:
            log.error("slack took no word of a failure", extra={"trace_id": trace_id})

    def _show(self) -> None:
        """Has the news shown while the work goes on."""
        if self._showing is None or self._showing.done():
            self._showing = asyncio.create_task(self._keep_up())
            self._showing.add_done_callback(_note_failure)

    async def _keep_up(self) -> None:
        """Shows what is new until all is shown or the answer is complete; what Slack does not take comes later."""
        while (said := self._text.strip() or self._status) != self._shown and not self._complete.is_set():
            self._shown = said
            pause = await self._try(said)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._complete.wait()

    async def _try(self, said: str) -> float:
        """Shows it if Slack lets us; returns how long to pause."""
        try:
            if said == self._status:
                await self._thread.status(said)
                return 0.0
            self._ts = await self._thread.try_show(draft(said), self._ts)
        except NotTaken as refusal:
            return max(self._pause, refusal.pause)
        return self._pause

    async def _settled(self) -> None:
        """Lets a call under way end: an edit that overtook the last one would undo it."""
        self._complete.set()
        if self._showing:
            await asyncio.wait([self._showing])


def _note_failure(showing: asyncio.Task[None]) -> None:
    """Logs what nobody expected, by name alone: its text may quote the answer, which still comes whole."""
    if not showing.cancelled() and (error := showing.exception()):
        log.error("slack was not kept up with an answer", extra={"error": type(error).__name__})
