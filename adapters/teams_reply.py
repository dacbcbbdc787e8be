"""Says an answer in Teams: a placeholder is posted and recorded first, and the answer only ever edited into it."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from adapters.teams_events import Address
from adapters.teams_message import Post, answered, failed, working
from adapters.teams_sdk import Fate, NotTaken, TeamsBot
from bot.answers import Answer
from bot.errors import HausgeistError, StateDown, Undelivered
from bot.language import Language
from bot.ticket import CALL_SECONDS, Superseded, Ticket

PATIENCE: Final = 120.0  # seconds until an answer that Teams does not take is put back
PAUSE: Final = 2.0  # seconds between two edits of a placeholder
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 15.0
_DOTS: Final = "…"

Leave = Callable[[], asyncio.Timeout]

log = logging.getLogger(__name__)


class TeamsReply:
    """One answer; `patience` is for what Teams puts off, `pause` the time between two edits of the placeholder.

    The connector lists no messages, so one that was posted but not recorded is never found again. Hence nothing but
    placeholders is posted: what a crash leaves behind is empty, and no answer stands there twice.
    """

    def __init__(
        self,
        bot: TeamsBot,
        address: Address,
        ticket: Ticket,
        language: Language = "en",
        patience: float = PATIENCE,
        pause: float = PAUSE,
    ) -> None:
        self._bot = bot
        self._address = address
        self._ticket = ticket
        self._language = language
        self._patience = patience
        self._pause = pause
        self._wanted = self._shown = ""
        self._showing: asyncio.Task[object] | None = None
        self._complete = asyncio.Event()

    async def waiting(self, text: str) -> None:
        """Tries once to show it, here and now: the lease of a turn that waits ends with this call."""
        self._wanted = text
        if self._showing is None or self._showing.done():
            self._showing = _watched(self._try())
            await asyncio.wait([self._showing])

    async def status(self, text: str) -> None:
        self._show(text)

    async def write(self, piece: str) -> None:  # noqa: ARG002 - shown whole by `finish`
        self._show(self._wanted or _DOTS)

    async def finish(self, answer: Answer) -> str:
        """Puts the answer where the placeholder is, long ones in parts; feedback names the last.

        An edit of the only message needs no leave: whoever has the turn now edits the same. Parts of two answers
        must not mix.
        """
        posts = answered(answer)
        alone = len(posts) == 1 and set(self._ticket.posted) <= {0}
        return await self._conclude(posts, _own_time if alone else self._ticket.leave, answer.trace_id)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Puts the error there, with leave: it must not overwrite the answer of another worker."""
        await self._conclude([failed(error, trace_id, self._language)], self._ticket.leave, trace_id)

    def _show(self, text: str) -> None:
        """Has the placeholder say it while the work goes on."""
        self._wanted = text
        if self._showing is None or self._showing.done():
            self._showing = _watched(self._keep_up())

    async def _keep_up(self) -> None:
        """Shows what is new until all is shown or the answer is complete; what Teams puts off is shown later."""
        while self._wanted != self._shown and not self._complete.is_set():
            pause = await self._try()
            if pause is None:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._complete.wait()

    async def _try(self) -> float | None:
        """Shows it if Teams lets us and the turn is still ours; returns how long to pause, None to let it be."""
        try:
            await self._say(self._wanted)
        except NotTaken as refusal:
            return max(self._pause, refusal.pause) if refusal.fate is Fate.LATER else None
        except (Superseded, StateDown):
            return None
        except TimeoutError:
            pass
        return self._pause

    async def _say(self, text: str) -> None:
        post = working(text, self._address.place, self._language)
        if message := self._ticket.posted.get(0):
            async with self._ticket.leave():
                await self._bot.update(self._address, message, post)
        else:
            await self._post(0, post)
        self._shown = text

    async def _conclude(self, posts: Sequence[Post], leave: Leave, trace_id: str) -> str:
        """Shows the posts, however often Teams puts us off; returns the name of the last, "" if nobody is there."""
        await self._settled()
        try:
            async with asyncio.timeout(self._patience):
                messages = [await self._insist(part, post, leave) for part, post in enumerate(posts)]
        except (NotTaken, TimeoutError) as error:
            log.error("Teams did not take an answer: %s", str(error) or "too slow", extra={"trace_id": trace_id})
            if isinstance(error, NotTaken) and error.fate is Fate.UNREACHABLE:
                return ""
            raise Undelivered("Teams did not take the answer.") from error
        for part in set(self._ticket.posted).difference(range(len(posts))):
            await self._take_back(self._ticket.posted[part], self._ticket.leave)
        return self._address.message(messages[-1])

    async def _settled(self) -> None:
        """Lets a call under way end: an edit that overtook the last one would undo it."""
        self._complete.set()
        if self._showing:
            await asyncio.wait([self._showing])

    async def _insist(self, part: int, post: Post, leave: Leave) -> str:
        """Puts a post into its message, with growing pauses until it is taken or never will be; returns its id."""
        pause = _FIRST_PAUSE
        while True:
            try:
                return await self._put(part, post, leave)
            except NotTaken as refusal:
                if refusal.fate in (Fate.REFUSED, Fate.UNREACHABLE):
                    raise
                log.info("Teams puts us off: %s", refusal)
                wanted = refusal.pause
            except (TimeoutError, StateDown):
                wanted = 0.0
            await asyncio.sleep(max(wanted, pause * random.uniform(0.8, 1.2)))  # noqa: S311 - spreads load
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _put(self, part: int, post: Post, leave: Leave) -> str:
        message = self._ticket.posted.get(part)
        if message:
            try:
                return await self._edit(message, post, leave)
            except NotTaken as refusal:
                if refusal.fate is not Fate.GONE:  # else someone deleted it
                    raise
        return await self._edit(await self._post(part, Post(_DOTS)), post, leave)

    async def _edit(self, message: str, post: Post, leave: Leave) -> str:
        async with leave():
            await self._bot.update(self._address, message, post)
        return message

    async def _post(self, part: int, placeholder: Post) -> str:
        """Posts a placeholder and records it; takes it back if that cannot be, and another will be posted."""
        async with self._ticket.leave():
            message = await self._bot.send(self._address, placeholder)
        try:
            await self._ticket.record(message, part)
        except (Superseded, StateDown, asyncio.CancelledError):
            await self._take_back(message, _own_time)
            raise
        return message

    async def _take_back(self, message: str, leave: Leave) -> None:
        with contextlib.suppress(NotTaken, TimeoutError):
            async with leave():
                await self._bot.delete(self._address, message)


def _own_time() -> asyncio.Timeout:
    return asyncio.timeout(CALL_SECONDS)


def _watched(showing: Coroutine[Any, Any, object]) -> asyncio.Task[object]:
    """Has it run on its own, and a failure of it logged."""
    task = asyncio.create_task(showing)
    task.add_done_callback(_note_failure)
    return task


def _note_failure(showing: asyncio.Task[object]) -> None:
    """Logs what nobody expected; the answer does not depend on it."""
    if not showing.cancelled() and (error := showing.exception()):
        log.error("Teams was not shown what we do", extra={"error": type(error).__name__})
