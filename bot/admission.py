"""Decides whether a question is given to the model, or its passages to the person at once."""

from dataclasses import dataclass

from bot.model import Model


@dataclass(frozen=True, slots=True)
class Admission:
    """Keeps the model server's queue short and the person's wait bounded: over either limit nothing is generated.

    `queue_limit` counts requests that wait at the server, `patience` seconds that the question waited with us.
    """

    model: Model
    queue_limit: int
    patience: float

    async def admits(self, waited: float) -> bool:
        """Whether a question that waited `waited` seconds goes to the model; a server that does not tell is asked."""
        if waited > self.patience:
            return False
        queue = await self.model.queue()
        return queue is None or queue < self.queue_limit
