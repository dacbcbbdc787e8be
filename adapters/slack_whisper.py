"""An answer that one person alone sees: posted to the address that came with their command, else directly."""

import logging
from typing import Final

from adapters.slack_addresses import SlackAddresses
from adapters.slack_blocks import SlackMessage, ephemeral, failure
from adapters.slack_calls import SlackCalls
from adapters.slack_payload import answer_id
from adapters.slack_refusals import NotTaken
from bot.answers import Answer
from bot.errors import HausgeistError, Undelivered
from bot.language import Language
from bot.ticket import Ticket

POSTS: Final = 4  # Slack takes five at one address, within half an hour
SHOWN: Final = "shown"  # in place of an id, as such a message has none

log = logging.getLogger(__name__)


class SlackWhisper:
    """A `Reply` for one person's eyes."""

    def __init__(
        self, calls: SlackCalls, addresses: SlackAddresses, where: dict[str, str], ticket: Ticket, language: Language
    ) -> None:
        self._calls = calls
        self._addresses = addresses
        self._where = where
        self._ticket = ticket
        self._language = language

    async def waiting(self, text: str) -> None:
        """The acknowledgement said that we are at it."""

    async def status(self, text: str) -> None:
        """The acknowledgement said that we are at it."""

    async def write(self, piece: str) -> None:
        """Comes whole: each message to such an address is a new one."""

    async def finish(self, answer: Answer) -> str:
        """Shows the answer with its sources, and in a channel a button that shares it."""
        await self._show(ephemeral(answer, shareable="shared" in self._where), answer.trace_id)
        return answer_id(self._where["channel"], answer.trace_id)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Says what went wrong."""
        await self._show([failure(error, trace_id, self._language)], trace_id)

    async def _show(self, messages: list[SlackMessage], trace_id: str) -> None:
        """Shows what a worker before us has not shown yet."""
        for part, message in enumerate(messages):
            if self._ticket.posted.get(part) == SHOWN:
                continue
            try:
                await self._one(message, by_address=part < POSTS)
            except NotTaken as refusal:
                if not refusal.lasting:
                    raise Undelivered("Slack did not take the answer.") from None
                log.error("slack lets nobody be told", extra={"trace_id": trace_id, "reason": refusal.reason})
                return
            await self._ticket.record(SHOWN, part)

    async def _one(self, message: SlackMessage, *, by_address: bool) -> None:
        """Shows one message by the first way that Slack takes: at the address, in the channel, directly."""
        said: dict[str, object] = {"text": message.text, "blocks": message.blocks}
        if by_address and (address := self._where.get("respond", "")):
            try:
                async with self._ticket.leave():
                    await self._addresses.post(address, {"response_type": "ephemeral", **said})
            except (NotTaken, TimeoutError):
                log.info("slack took nothing at a command's address")
            else:
                return
        user = self._where["user"]
        try:
            where: dict[str, object] = {"channel": self._where["channel"], "user": user}
            await self._calls.call("chat.postEphemeral", where | said, self._ticket.leave)
        except NotTaken as refusal:
            if not refusal.lasting:
                raise
            await self._calls.call("chat.postMessage", {"channel": user, **said}, self._ticket.leave)
