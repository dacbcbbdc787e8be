"""One answer on its way into a Slack thread: posted with its first words, growing, finished in full."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from adapters.slack_blocks import (
    SlackMessage,
    answer_messages,
    draft,
    failure,
    notice,
    stream_tail,
    with_buttons,
)
from adapters.slack_payload import answer_id
from adapters.slack_refusals import NotTaken
from adapters.slack_stream import STOPPED, SlackStream, refused_for_good
from adapters.slack_thread import SlackThread
from bot.answers import Answer
from bot.errors import HausgeistError, StateDown
from bot.language import Language
from bot.ticket import Superseded

PAUSE: Final = 1.0  # seconds between two edits of a growing answer

log = logging.getLogger(__name__)


class SlackReply:
    """A `Reply` in a thread, to a turn of `conversation`; `pause` is the time between two edits.

    `stream` lets the answer grow natively, where Slack allows it; `stopped` is told when the person stops that,
    `refused` when Slack will not have it here, and `began` which message began a thread.
    `former` is a reply to the same turn whose work was ended from outside: it may still be showing something.
    """

    def __init__(
        self,
        thread: SlackThread,
        conversation: str,
        language: Language = "en",
        pause: float = PAUSE,
        former: "SlackReply | None" = None,
        stream: SlackStream | None = None,
    ) -> None:
        self.stopped: Callable[[], Awaitable[object]] = _nothing
        self.refused: Callable[[], object] = _unmoved
        self.began: Callable[[str], Awaitable[object]] = _nothing
        self.aside = ""  # who alone is told of a failure, where an answer stands already that a new one is to replace
        self._thread = thread
        self._former = former
        self._conversation = conversation
        self._language = language
        self._pause = pause
        self._stream = stream
        self._steps: list[str] = []
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
        self._steps.append(text)
        self._show()

    async def write(self, piece: str) -> None:
        """Takes the next piece; the thread follows as fast as Slack allows."""
        self._text += piece
        self._show()

    async def finish(self, answer: Answer) -> str:
        """Shows the whole answer, over several messages if it is long; returns the name of the first."""
        await self._settled()
        if not await self._streamed_to_the_end(answer):
            await self._stand(answer_messages(answer), answer)
        first = self._thread.first
        with contextlib.suppress(NotTaken, Superseded, StateDown):  # the answer stands, whatever becomes of these
            if first and not self._thread.root:
                await self.began(first)
            if answer.title and first and self._thread.channel.startswith("D"):
                await self._thread.name(answer.title)
        return answer_id(self._thread.channel, first) if first else ""

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Says what went wrong, in place of what was written; if nobody can be told, the log has it."""
        await self._settled()
        told = failure(error, trace_id, self._language)
        if self.aside:  # the answer that was to be replaced still holds
            await self._thread.whisper(self.aside, told)
        else:
            await self._stand_alone([told], trace_id)

    async def _stand(self, messages: list[SlackMessage], answer: Answer) -> None:
        """Shows the messages, and under the last what may be done about the answer."""
        *before, last = messages
        try:
            for part, message in enumerate(before):
                await self._thread.show(message, part)
        except NotTaken as refusal:
            self._tell_log(answer.trace_id, refusal)
            return
        finished = with_buttons(last, answer, self._thread.parts[: len(before)])
        await self._stand_alone([finished], answer.trace_id, len(before))

    async def _stand_alone(self, messages: list[SlackMessage], trace_id: str, first: int = 0) -> None:
        """Makes these messages, after `first` others, our last word."""
        try:
            for part, message in enumerate(messages, first):
                await self._thread.show(message, part)
        except NotTaken as refusal:  # it never will be: trying again would be in vain
            self._tell_log(trace_id, refusal)
        await self._thread.end_after(first + len(messages))

    def _tell_log(self, trace_id: str, refusal: NotTaken) -> None:
        log.error("slack lets nobody be told", extra={"trace_id": trace_id, "reason": refusal.reason})

    async def _streamed_to_the_end(self, answer: Answer) -> bool:
        """Ends the stream with the rest of the answer; False where the message is to be edited instead."""
        if self._stream is None or not self._stream.completes(answer.text) or (tail := stream_tail(answer)) is None:
            return False
        try:
            await self._stream.end(answer.text, with_buttons(tail, answer, []))
        except NotTaken:
            return False
        await self._thread.end_after(1)
        return True

    def _show(self) -> None:
        """Has the news shown while the work goes on."""
        if self._showing is None or self._showing.done():
            self._asking = asyncio.current_task()
            self._showing = asyncio.create_task(self._keep_up())
            self._showing.add_done_callback(_note_failure)

    async def _keep_up(self) -> None:
        """Shows what is new until all is shown or the answer is complete; what Slack does not take is tried again."""
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
            if await self._streamed():
                return self._pause
            if self.aside:
                await self._thread.status(self._line)
                return self._pause
            if said != self._line:
                await self._thread.try_show(draft(said, self._conversation, self._language))
            elif self._posts_line or self._thread.first:
                await self._thread.try_show(notice(said, self._conversation, self._language))
            else:
                await self._thread.status(said)
                return 0.0
        except NotTaken as refusal:
            if not refusal.lasting:
                self._shown = ""  # it is news once more, after the pause
            return max(self._pause, refusal.pause)
        except (Superseded, StateDown):
            return self._pause
        return self._pause

    async def _streamed(self) -> bool:
        """Shows the news natively; False where Slack will not, from now on. Raises NotTaken if it will later."""
        stands = self._thread.unsure or self._thread.first
        if self._stream is None or self._posts_line or (stands and not self._stream.open):
            self._stream = None
            return False
        try:
            await self._stream.show(self._steps, self._text)
        except NotTaken as refusal:
            if self._stream.open and not (refusal.lasting or refusal.unsure):
                raise
            if refusal.reason == STOPPED:
                await self.stopped()
            elif refused_for_good(refusal) and not self._stream.open:
                self.refused()
            self._stream = None
            return False
        return True

    async def _settled(self) -> None:
        """Lets a call under way end: an edit that overtook the last one would undo it."""
        self._complete.set()
        if self._former:
            await self._former._settled()
            self._former = None
        if self._showing:
            await asyncio.wait([self._showing])


async def _nothing(*_: object) -> None:
    """Nobody wants to know."""


def _unmoved() -> None:
    """Nobody wants to know."""


def _note_failure(showing: asyncio.Task[None]) -> None:
    """Logs what nobody expected, by name alone: its text may quote the answer, which still comes whole."""
    if not showing.cancelled() and (error := showing.exception()):
        log.error("slack was not kept up with an answer", extra={"error": type(error).__name__})
