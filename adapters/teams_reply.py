"""One answer on its way into a Teams conversation: streamed or edited into a message that was recorded first."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any, Final

from adapters.teams_activity import Address
from adapters.teams_calls import Fate, NotTaken
from adapters.teams_cards import Manner
from adapters.teams_markdown import grown
from adapters.teams_message import Post, answered, below, draft, failed, under, working
from adapters.teams_sdk import TeamsBot
from adapters.teams_stream import TeamsStream
from adapters.teams_thread import Leave, TeamsThread, insist, own_time
from bot.answers import Answer
from bot.errors import HausgeistError, StateDown, Undelivered
from bot.language import Language
from bot.ticket import Superseded, Ticket

PATIENCE: Final = 120.0  # seconds until an answer that Teams does not take is put back
OFFER_SECONDS: Final = 20.0  # until an answer is left without its buttons
PAUSE: Final = 1.0  # seconds between two updates of a stream, and two edits of a placeholder

log = logging.getLogger(__name__)


class TeamsReply:
    """A `Reply` in a conversation; `patience` is for what Teams puts off, `pause` the time between two updates.

    `replaced` are messages that become those of this answer; where what they say `holds`, it stands until then.
    `streams` lets the answer grow natively in a personal chat; `stopped` is told when the person stops that, `refused`
    when Teams will not have it there. `former` is a reply in the same conversation whose work was ended from outside:
    it may still be showing something. `manner` is how the answer is shown.
    """

    def __init__(
        self,
        bot: TeamsBot,
        address: Address,
        ticket: Ticket,
        language: Language = "en",
        patience: float = PATIENCE,
        pause: float = PAUSE,
        *,
        replaced: Sequence[str] = (),
    ) -> None:
        self.stopped: Callable[[], Awaitable[object]] = _nothing
        self.refused: Callable[[], object] = _unmoved
        self.former: TeamsReply | None = None
        self.streams = address.personal
        self.manner = Manner()
        self.holds = bool(replaced)
        self._address = address
        self._thread = TeamsThread(bot, address, ticket, replaced)
        self._stream = TeamsStream(self._thread)
        self._ticket = ticket
        self._language = language
        self._patience = patience
        self._pause = pause
        self._line = self._text = ""
        self._shown = ("", "")
        self._asking: asyncio.Task[Any] | None = None
        self._showing: asyncio.Task[object] | None = None
        self._news = asyncio.Event()
        self._complete = asyncio.Event()

    async def waiting(self, text: str) -> None:
        """Tries once to show it, here and now: the lease of a turn that waits ends with this call."""
        self._line, self.streams = text, False
        if not self.holds and (self._showing is None or self._showing.done()):
            self._showing = _watched(self._try())
            await asyncio.wait([self._showing])

    async def status(self, text: str) -> None:
        """Shows what we are doing, until there are words to show."""
        self._line = text
        self._show()

    async def write(self, piece: str) -> None:
        """Takes the next piece; in a personal chat the words are shown as they come."""
        self._text += piece
        self._show()

    async def finish(self, answer: Answer) -> str:
        """Shows the whole answer, long ones in parts; feedback names the last. "" if nobody is there."""
        await self._settled()
        return await self._conclude(partial(self._answer, answer), answer.trace_id)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Says what went wrong, in place of what was written; what holds stands."""
        await self._settled()
        if self.holds:
            self._thread.forget()
        await self._conclude(partial(self._tell, failed(error, trace_id, self._language)), trace_id)

    def _show(self) -> None:
        """Has the news shown while the work goes on."""
        self._news.set()
        if not self.holds and (self._showing is None or self._showing.done()):
            self._asking = asyncio.current_task()
            self._showing = _watched(self._keep_up())

    async def _keep_up(self) -> None:
        """Shows what is new until all is shown, and a stream that is ours has ended, or the answer is complete."""
        while not self._over():
            self._news.clear()
            if self._shown != (self._line, self._text) or self._stream.spent:
                pause = await self._try()
                if pause is None:
                    return
                await _until(self._complete, pause)
            elif self._stream.left:
                await _until(self._news, self._stream.left)
            else:
                return

    def _over(self) -> bool:
        """Whether nothing more is shown on the way: the answer is complete, or nobody works on it any more."""
        return self._complete.is_set() or (self._asking is not None and self._asking.cancelling() > 0)

    async def _try(self) -> float | None:
        """Shows it if Teams lets us and the turn is still ours; returns how long to pause, None to let it be."""
        said = self._line, self._text
        try:
            if not await self._streamed():
                await self._edited()
        except NotTaken as refusal:
            return max(self._pause, refusal.pause) if refusal.fate is Fate.LATER else None
        except (Superseded, StateDown):
            return None
        except TimeoutError:
            return self._pause
        self._shown = said
        return self._pause

    async def _streamed(self) -> bool:
        """Shows the news natively; False where Teams will not, from now on. Raises NotTaken if it will later."""
        stream, stands = self._stream, bool(self._thread.parts)
        if not self.streams or stream.over or (stands and not stream.open):
            return False
        try:
            await (stream.close() if stream.spent else stream.show(self._line, self._text))
        except NotTaken as refusal:
            if refusal.stopped:
                await self.stopped()
            if refusal.stopped or refusal.fate is Fate.UNREACHABLE or stream.open:
                raise
            if not stream.message or stream.unknown:
                self._unstream(refusal)
            return False
        except TimeoutError:
            self.streams = bool(stream.message)  # one that began unseen cannot be begun again
            raise
        return not stream.over

    def _unstream(self, refusal: NotTaken) -> None:
        """Posts and edits from now on."""
        self.streams = False
        if refusal.fate is not Fate.LATER:
            self.refused()
        if self._stream.unknown:
            self._thread.drop(self._stream.message)
            self._stream = TeamsStream(self._thread)

    async def _edited(self) -> None:
        """Shows the news in the message that stands, or in a new one."""
        if self._thread.growing and not self._stream.over:
            return  # whoever had the turn before us left it, and it takes no edits
        if self._stream.over and self._text:
            await self._thread.try_show(draft(grown(self._text)))
        else:
            await self._thread.try_show(working(self._line or "…", self._address.place, self._language))

    async def _settled(self) -> None:
        """Lets a call under way end: an edit that overtook the last one would undo it."""
        self._complete.set()
        self._news.set()
        if self.former:
            await self.former._settled()
            self.former = None
        if self._showing:
            await asyncio.wait([self._showing])

    async def _conclude(self, say: Callable[[], Awaitable[tuple[str, int]]], trace_id: str) -> str:
        """Says our last word; returns the name of the message to judge by, "" if nobody is there."""
        try:
            async with asyncio.timeout(self._patience):
                message, parts = await say()
        except (NotTaken, TimeoutError) as error:
            log.error("Teams did not take an answer: %s", str(error) or "too slow", extra={"trace_id": trace_id})
            if isinstance(error, NotTaken) and error.fate is Fate.UNREACHABLE:
                return ""
            raise Undelivered("Teams did not take the answer.") from error
        await self._thread.end_after(parts)
        return self._address.message(message)

    async def _tell(self, post: Post) -> tuple[str, int]:
        """Says this alone."""
        return await self._begin(post, None, self._ticket.leave), 1

    async def _answer(self, answer: Answer) -> tuple[str, int]:
        """Shows the texts of the answer, and what may be done about it: below the only one, or as the last message."""
        posts = answered(answer, self.manner.sensitivity)
        alone = len(posts) == 1
        self._stream.take_over()
        buttons = below(answer, [self._stream.message], "", self.manner)
        # Whoever has the turn now edits the same message; parts of two answers must not mix.
        leave = own_time if alone and set(self._ticket.posted) <= {0} else self._ticket.leave
        ended = under(posts[0], buttons) if alone else posts[0]
        texts = [await self._begin(posts[0], ended, leave)]
        for part, post in enumerate(posts[1:], 1):
            texts.append(await insist(partial(self._thread.put, part, post)))
        if alone and self._stream.ended is ended:
            return texts[0], 1
        return texts[-1], len(texts) + await self._offer(answer, texts)

    async def _begin(self, post: Post, ended: Post | None, leave: Leave) -> str:
        """Makes it the first message, and the end of a stream if it goes on there."""
        stream = self._stream
        stream.take_over()
        if stream.message and not stream.closed:
            fits = ended if ended and stream.goes_on(ended.text) else None
            end = fits or stream.begun
            message = await insist(partial(stream.become, end, post))
            if fits or stream.ended is not end:
                return message
        return await insist(partial(self._thread.put, 0, post, leave))

    async def _offer(self, answer: Answer, texts: Sequence[str]) -> int:
        """Puts what may be done about the answer below it; the answer stands without. Returns how many messages."""
        part = len(texts)
        try:
            async with asyncio.timeout(OFFER_SECONDS):
                itself = await insist(partial(self._thread.stand, part))
                post = below(answer, texts, itself, self.manner)
                await insist(partial(self._thread.put, part, post))
        except (NotTaken, TimeoutError, Superseded) as reason:
            log.info("An answer stands in Teams without its buttons: %s", str(reason) or type(reason).__name__)
            return 0
        return 1


async def _until(event: asyncio.Event, seconds: float) -> None:
    """Waits for an event, no longer than that."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _watched(showing: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
    """Has it run on its own, and a failure of it logged."""
    task = asyncio.create_task(showing)
    task.add_done_callback(_note_failure)
    return task


def _note_failure(showing: asyncio.Task[object]) -> None:
    """Logs what nobody expected; the answer does not depend on it."""
    if not showing.cancelled() and (error := showing.exception()):
        log.error("Teams was not shown what we do", extra={"error": type(error).__name__})


async def _nothing(*_: object) -> None:
    """Nobody wants to know."""


def _unmoved() -> None:
    """Nobody wants to know."""
