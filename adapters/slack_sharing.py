"""An answer that its person shares with a channel: shown to all there, or not, of which that person alone is told."""

import contextlib

from adapters.slack_addresses import SlackAddresses
from adapters.slack_refusals import NotTaken
from adapters.slack_reply import SlackReply
from adapters.slack_whisper import SlackWhisper
from bot.answers import Answer
from bot.errors import HausgeistError, NotAllowed
from bot.notices import NOT_IN_CHANNEL


class SlackSharing:
    """A `Reply` in the channel, whose failures are whispered; what stood for one person, at `original`, goes then."""

    def __init__(self, reply: SlackReply, whisper: SlackWhisper, addresses: SlackAddresses, original: str) -> None:
        self._reply = reply
        self._whisper = whisper
        self._addresses = addresses
        self._original = original

    async def waiting(self, text: str) -> None:
        """Nobody in the channel waits for it."""

    async def status(self, text: str) -> None:
        """Nobody in the channel waits for it."""

    async def write(self, piece: str) -> None:
        """It is written already."""

    async def finish(self, answer: Answer) -> str:
        """Shows it to all; "" if Slack does not let us speak there."""
        shown = await self._reply.finish(answer)
        if not shown:
            await self._whisper.fail(NotAllowed(NOT_IN_CHANNEL[answer.language]), answer.trace_id)
            return ""
        with contextlib.suppress(NotTaken):  # it stays then, for one person alone
            await self._addresses.post(self._original, {"delete_original": True})
        return shown

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Says to one person alone what went wrong: it may name what others must not know."""
        await self._whisper.fail(error, trace_id)
