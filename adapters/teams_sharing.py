"""An answer that its person shares with a channel: shown to all there, or not, of which that person alone is told."""

import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import replace

from adapters.teams_activity import Address
from adapters.teams_calls import NotTaken
from adapters.teams_message import noted
from adapters.teams_sdk import TeamsBot
from bot.answers import Answer, Reply
from bot.errors import HausgeistError
from bot.notices import NOT_IN_CHANNEL
from bot.ticket import Ticket


class TeamsSharing:
    """A `Reply` in the channel, whose failures are told in `chat`, the conversation with the person alone.

    `own` is told what thread a shared answer begins.
    """

    def __init__(
        self,
        bot: TeamsBot,
        reply: Reply,
        there: Address,
        chat: str,
        ticket: Ticket,
        own: Callable[[str], Awaitable[None]],
    ) -> None:
        self._bot = bot
        self._reply = reply
        self._there = there
        self._chat = chat
        self._ticket = ticket
        self._own = own

    async def waiting(self, text: str) -> None:
        """Nobody in the channel waits for it."""

    async def status(self, text: str) -> None:
        """Nobody in the channel waits for it."""

    async def write(self, piece: str) -> None:
        """It is written already."""

    async def finish(self, answer: Answer) -> str:
        """Shows it to all; "" if Teams does not let us speak there."""
        shown = await self._reply.finish(answer)
        if not shown:
            await self._tell(NOT_IN_CHANNEL[answer.language])
        elif self._there.kind == "channel" and not self._there.root:
            first = self._ticket.posted.get(0, "").split()
            await self._own(f"{self._there.place};messageid={first[-1] if first else shown.rpartition(':')[2]}")
        return shown

    async def fail(self, error: HausgeistError, trace_id: str) -> None:  # noqa: ARG002 - the chat holds the answer
        """Says to one person alone what went wrong: it may name what others must not know."""
        await self._tell(str(error))

    async def _tell(self, text: str) -> None:
        if not self._chat:
            return
        chat = replace(self._there, conversation=self._chat, activity="", kind="personal")
        with contextlib.suppress(NotTaken, TimeoutError):
            async with self._ticket.leave():
                await self._bot.send(chat, noted(text))
