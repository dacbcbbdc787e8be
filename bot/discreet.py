"""A reply to a question that nobody put to us: shown where it is sure, and not a word otherwise."""

from bot.answers import Answer, Reply
from bot.errors import HausgeistError


class Discreet:
    """A `Reply` that shows nothing on the way, and at the end an answer that cites documents, or nothing."""

    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    async def waiting(self, text: str) -> None:
        """Nobody waits for it."""

    async def status(self, text: str) -> None:
        """Nobody waits for it."""

    async def write(self, piece: str) -> None:
        """Whether it will be shown is not known yet."""

    async def finish(self, answer: Answer) -> str:
        """Shows the answer if it is sure; "" if nothing is shown."""
        unsure = answer.refused or answer.makeshift or not answer.sources
        return "" if unsure else await self._reply.finish(answer)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        """Nobody asked."""
