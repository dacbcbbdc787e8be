"""One answer on its way into a Slack thread: posted with its first words, edited as it grows, finished in full."""

import asyncio
import contextlib
import logging
from typing import Any, Final

from adapters.slack_blocks import SlackMessage, draft, failure, notice, whole, with_again, with_thumbs
from adapters.slack_payload import answer_id
from adapters.slack_refusals import NotTaken
from adapters.slack_thread import SlackThread
from bot.answers import Answer
from bot.errors import HausgeistError, StateDown
from bot.language import Language
from bot.ticket import Superseded

PAUSE: Final = 1.0  # seconds between two edits of a growing answer

log = logging.getLogger(__name__)


class SlackReply:
    """A `Reply` in a thread, to a turn of `conversation`; `pause` is the time between two edits.

    `former` is a reply to the same turn whose work was ended from outside: it may still be showing something.
    """

    def __init__(
        self,
        thread: SlackThread,
        conversation: str,
        language: Language = "en",
        pause: float = PAUSE,
        former: "SlackReply | None" = None,
    ) -> None:
        self._thread = thread
        self._former = former
        self._conversation = conversation
        self._language = language
        self._pause = pause
        self._line = self._text = self._shown = ""
        self._posts_line = False
        self._asking: asyncio.Task[Any] | None = None
        self._showing: asyncio.Task[None] | None = None
        self._complete = asyncio.Event()

    async def waiting(self, text: str) -> None:
        """Posts that the turn waits; the message becomes the answer."""
        self._line, self._posts_line = text, True
        if self._showing is None and not self._complete.is_set():
            self._shown = text
            await self._try(text)

    async def status(self, text: str) -> None:
        """Shows what we are doing until there are words to show."""
        self._line, self._posts_line = text, False
        self._show()

    async def write(self, piece: str) -> None:
        """Takes the next piece; the thread follows as fast as Slack allows."""
        self._text += piece
        self._show()

    async def finish(self, answer: Answer) -> str:
        """Shows the whole answer, over several messages if it is long; returns the name of the first."""
        *before, last = whole(answer)
        if answer.makeshift:
            last = with_again(last, answer.trace_id, answer.language)
        await self._stand(before, last, thumbs=True, trace_id=answer.trace_id)
        return answer_id(self._thread.channel, self._thread.first) if self._thread.first else ""

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Says what went wrong, in place of what was written; if nobody can be told, the log has it."""
        await self._stand([], failure(error, trace_id, self._language), thumbs=False, trace_id=trace_id)

    async def _stand(self, before: list[SlackMessage], last: SlackMessage, *, thumbs: bool, trace_id: str) -> None:
        """Makes these messages, and no others, our last word."""
        await self._settled()
        try:
            for part, message in enumerate(before):
                await self._thread.show(message, part)
            judged = with_thumbs(last, self._thread.first if before else "") if thumbs else last
            await self._thread.show(judged, len(before))
        except NotTaken as refusal:  # it never will be: trying again would be in vain
            log.error("slack lets nobody be told", extra={"trace_id": trace_id, "reason": refusal.reason})
        await self._thread.end_after(len(before) + 1)

    def _show(self) -> None:
        """Has the news shown while the work goes on."""
        if self._showing is None or self._showing.done():
            self._asking = asyncio.current_task()
            self._showing = asyncio.create_task(self._keep_up())
            self._showing.add_done_callback(_note_failure)

    async def _keep_up(self) -> None:
        """Shows what is new until all is shown or the answer is complete; what Slack does not take comes later."""
        while (said := self._text.strip() or self._line) != self._shown and not self._over():
            self._shown = said
            pause = await self._try(said)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._complete.wait()

    def _over(self) -> bool:
        """Whether nothing more is shown on the way: the answer is complete, or nobody works on it any more."""
        return self._complete.is_set() or (self._asking is not None and self._asking.cancelling() > 0)

    async def _try(self, said: str) -> float:
        """Shows it if Slack lets us and the turn is still ours; returns how long to pause."""
        try:
            if said != self._line:
                await self._thread.try_show(draft(said, self._conversation, self._language))
            elif self._posts_line or self._thread.first:
                await self._thread.try_show(notice(said, self._conversation, self._language))
            else:
                await self._thread.status(said)
                return 0.0
        except NotTaken as refusal:
            return max(self._pause, refusal.pause)
        except (Superseded, StateDown):
            return self._pause
        return self._pause

    async def _settled(self) -> None:
        """Lets a call under way end: an edit that overtook the last one would undo it."""
        self._complete.set()
        if self._former:
            await self._former._settled()
            self._former = None
        if self._showing:
            await asyncio.wait([self._showing])


def _note_failure(showing: asyncio.Task[None]) -> None:
    """Logs what nobody expected, by name alone: its text may quote the answer, which still comes whole."""
    if not showing.cancelled() and (error := showing.exception()):
        log.error("slack was not kept up with an answer", extra={"error": type(error).__name__})
