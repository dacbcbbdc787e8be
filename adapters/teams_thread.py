"""The messages of one answer in Teams: each posted empty and recorded, and from then on only edited.

The connector lists no messages, so one that was posted but not recorded is never found again. Hence nothing but
placeholders is posted: what a crash leaves behind is empty, and no answer stands there twice.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from adapters.teams_activity import Address
from adapters.teams_calls import Fate, NotTaken
from adapters.teams_message import Post, draft
from adapters.teams_sdk import WITHIN, TeamsBot
from bot.errors import StateDown
from bot.ticket import CALL_SECONDS, Superseded, Ticket

GROWING: Final = "stream"  # stands in the record before the id of a message that grows
NEVER: Final = (Fate.GONE, Fate.ENDED, Fate.REFUSED)  # trying the same again would be in vain
CLEAR_SECONDS: Final = 20.0  # until what is left of an earlier attempt is left alone
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 15.0

Leave = Callable[[], asyncio.Timeout]

log = logging.getLogger(__name__)


class TeamsThread:
    """The place of one answer, which `ticket` allows, in parts.

    `replaced` are the messages of an earlier answer, part by part, which become those of this one.
    """

    def __init__(self, bot: TeamsBot, address: Address, ticket: Ticket, replaced: Sequence[str] = ()) -> None:
        self.bot = bot
        self.address = address
        self.ticket = ticket
        self._replaced = dict(enumerate(replaced))
        self._dropped: set[str] = set()
        self._nameless = False  # whether messages get no ids here: then nothing can be edited, and is posted once

    @property
    def parts(self) -> dict[int, str]:
        """The messages that stand, by part."""
        posted = {part: recorded.split()[-1] for part, recorded in self.ticket.posted.items()}
        return {part: it for part, it in (self._replaced | posted).items() if it not in self._dropped}

    @property
    def growing(self) -> str:
        """The message that grows, as was recorded last; empty if none does."""
        mark, _, message = self.ticket.posted.get(0, "").partition(" ")
        return message if mark == GROWING and message not in self._dropped else ""

    def forget(self) -> None:
        """Leaves the messages of an earlier answer as they are."""
        self._replaced.clear()

    def drop(self, message: str) -> None:
        """Has another message posted in place of one that nothing can be made of."""
        self._dropped.add(message)

    async def try_show(self, post: Post) -> None:
        """Has the first message say it, here and now. Raises NotTaken, Superseded, StateDown, TimeoutError."""
        if message := self.parts.get(0):
            async with self.ticket.leave():
                await self.bot.update(self.address, message, post, within=0)
        elif not self._nameless:
            await self.post(0, post, within=0)

    async def put(self, part: int, post: Post, leave: Leave | None = None) -> str:
        """Makes it the answer's part and returns its message. Raises NotTaken, Superseded, StateDown, TimeoutError.

        `leave` is for an edit; nothing is posted without the ticket's.
        """
        if message := self.parts.get(part):
            try:
                return await self.edit(message, post, leave)
            except NotTaken as refusal:
                if refusal.fate is not Fate.GONE:
                    raise
                await self.give_up(part)
        if message := await self.stand(part):
            return await self.edit(message, post, leave)
        async with self.ticket.leave():
            return await self.bot.send(self.address, post)

    async def stand(self, part: int) -> str:
        """The message of a part, posted if there is none; "" where messages get no ids. Raises as `post` does."""
        return self.parts.get(part) or ("" if self._nameless else await self.post(part, draft("")))

    async def post(self, part: int, placeholder: Post, within: float = WITHIN) -> str:
        """Posts a placeholder and records it. Raises NotTaken, Superseded, StateDown, TimeoutError."""
        async with self.ticket.leave():
            message = await self.bot.send(self.address, placeholder, within=within)
        self._nameless = not message
        if message:
            await self.record(message, part)
        return message

    async def record(self, message: str, part: int = 0, *, grows: bool = False) -> None:
        """Notes what was posted; takes it back if that cannot be. Raises Superseded, StateDown."""
        try:
            await self.ticket.record(f"{GROWING} {message}" if grows else message, part)
        except (Superseded, StateDown, asyncio.CancelledError):
            await self.take_back(message, grows=grows)
            raise

    async def take_back(self, message: str, *, grows: bool = False) -> None:
        """Deletes a message that must not stand; nobody's leave is needed. One that grows has to end first."""
        with contextlib.suppress(NotTaken, TimeoutError):
            async with asyncio.timeout(CALL_SECONDS):
                if grows:
                    with contextlib.suppress(NotTaken):
                        message = await self.bot.end_stream(self.address, message, draft(""))
                await self.bot.delete(self.address, message)

    async def give_up(self, part: int = 0, begun: Post | None = None) -> None:
        """Has messages posted in place of this part's and of those after it, above which nothing can be put any more.

        They are deleted: they may stand, whatever Teams said of them. This part's may still grow, and then has to end
        before, as what it has `begun` with. Raises Superseded, TimeoutError.
        """
        for message in [message for number, message in self.parts.items() if number >= part]:
            if begun:
                await self._attempt(self.bot.end_stream, message, begun)
                begun = None
            await self._attempt(self.bot.delete, message)
            self.drop(message)

    async def _attempt(self, call: Callable[..., Awaitable[object]], *said: object) -> None:
        with contextlib.suppress(NotTaken):
            async with self.ticket.leave():
                await call(self.address, *said)

    async def end_after(self, parts: int) -> None:
        """Deletes what an earlier, longer attempt left behind, or has it say nothing. Raises Superseded."""
        for message in [message for part, message in self.parts.items() if part >= parts]:
            with contextlib.suppress(NotTaken, TimeoutError):
                async with asyncio.timeout(CLEAR_SECONDS):
                    await insist(partial(self._clear, message))

    async def _clear(self, message: str) -> str:
        try:
            async with self.ticket.leave():
                await self.bot.delete(self.address, message)
        except NotTaken as refusal:
            if refusal.fate is Fate.LATER:
                raise
            if refusal.fate is not Fate.GONE:
                await self.edit(message, draft(""))
        return message

    async def edit(self, message: str, post: Post, leave: Leave | None = None) -> str:
        """Makes a message say it. Raises NotTaken, Superseded, TimeoutError."""
        async with (leave or self.ticket.leave)():
            await self.bot.update(self.address, message, post)
        return message


async def insist(call: Callable[[], Awaitable[str]]) -> str:
    """Calls until it is taken or never will be, with growing pauses or those that are wanted of us.

    Raises NotTaken, Superseded.
    """
    pause = _FIRST_PAUSE
    while True:
        try:
            return await call()
        except NotTaken as refusal:
            if refusal.fate is not Fate.LATER:
                raise
            log.info("Teams puts us off: %s", refusal)
            wanted = refusal.pause
        except (TimeoutError, StateDown):
            wanted = 0.0
        spread = random.uniform(1.0, 1.2)  # noqa: S311 - of the load
        await asyncio.sleep((wanted or pause) * spread)
        pause = pause if wanted else min(2 * pause, _LONGEST_PAUSE)


def own_time() -> asyncio.Timeout:
    """The deadline for a call that needs nobody's leave."""
    return asyncio.timeout(CALL_SECONDS)
