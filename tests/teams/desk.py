"""One question in Teams, and as many workers as a test needs to reply to it."""

from collections.abc import Sequence

from adapters.teams_activity import Address
from adapters.teams_cards import Manner
from adapters.teams_reply import TeamsReply
from adapters.teams_sdk import TeamsBot
from bot.answers import Answer
from bot.events import Turn
from bot.ticket import FreeTicket
from tests.teams.connector import BotConnector
from tests.teams.sealing import SEAL

LONG = Answer(text="\n\n".join(f"Paragraph {number} " + "x" * 1000 for number in range(60)), trace_id="trace-2")


class Desk:
    """Each of its workers is another process."""

    def __init__(self, connector: BotConnector, turn: Turn, bot: TeamsBot) -> None:
        self.connector = connector
        self.turn = turn
        self.address = Address.of(turn.reply_to)
        self._bot = bot

    def worker(
        self, ticket: FreeTicket, *, patience: float = 8.0, pause: float = 0.05, replaced: Sequence[str] = ()
    ) -> TeamsReply:
        reply = TeamsReply(self._bot, self.address, ticket, patience=patience, pause=pause, replaced=replaced)
        reply.manner = Manner(seal=SEAL)
        return reply


class Unrecorded(FreeTicket):
    """A ticket whose owner cannot note what was posted, at least the first time."""

    def __init__(self, *reasons: BaseException) -> None:
        super().__init__()
        self._reasons = list(reasons)

    async def record(self, message: str, part: int = 0) -> None:
        if self._reasons:
            raise self._reasons.pop()
        await super().record(message, part)
