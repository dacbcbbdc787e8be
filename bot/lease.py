"""A turn in a worker's hands: the ticket under which its reply is shown, until the lease ends."""

import asyncio
import math
import time
from contextlib import suppress
from dataclasses import replace
from typing import Final, Literal
from weakref import WeakSet

from bot.answers import Answer, Reply
from bot.errors import HausgeistError, Unavailable
from bot.events import Turn
from bot.inbox import Inbox, Job, merged
from bot.ticket import CALL_SECONDS, Superseded

MARGIN_SECONDS: Final = 1.0  # a lease is over for us before it is for others

Ending = Literal["stopped", "handed over", "lost"]


class Lease:
    """A turn in our hands: the ticket under which its reply is shown."""

    def __init__(self, inbox: Inbox, job: Job, asked: float) -> None:
        self._inbox = inbox
        self.job = job
        self.turn = replace(merged(job.turns), fence=job.fence)
        self.key = self.turn.message_id
        self.again = job.again
        self.posted = dict(job.posted)
        self.reply: Reply | None = None
        self.ending: Ending | None = None
        self._calls = WeakSet[asyncio.Timeout]()
        self.task: asyncio.Task[None] | None = None
        self._until = math.inf
        self.prolong(asked)

    def prolong(self, asked: float) -> None:
        """Counts the lease from when it was asked for, by time.monotonic; one that is closed stays so."""
        if self._until:
            self._until = asked + self._inbox.lease_seconds - MARGIN_SECONDS

    def leave(self, seconds: float = CALL_SECONDS) -> asyncio.Timeout:
        """The deadline for one call to the platform. Raises Superseded where the turn may be another's by now."""
        left = self._until - time.monotonic()
        if left <= 0:
            raise Superseded
        deadline = asyncio.timeout(min(seconds, left))
        self._calls.add(deadline)
        return deadline

    async def record(self, message: str, part: int = 0) -> None:
        """Notes a posted message. Raises Superseded, then it is not noted and had better be taken back."""
        if not await self._inbox.record(self.job, message, part):
            raise Superseded
        self.posted[part] = message

    def end(self, ending: Ending) -> None:
        """Ends the work on it."""
        if self.task and not self.ending:
            self.ending = ending
            self.task.cancel()
            if ending != "stopped":
                self.close()

    def close(self) -> None:
        """Says nothing more: what is under way must not outrun the next worker."""
        self._until = 0
        for deadline in self._calls:
            with suppress(RuntimeError):  # that call has ended
                deadline.reschedule(asyncio.get_running_loop().time())


class Askable:
    """A reply whose question is kept before a button is shown that asks it again, or shares what one person saw."""

    def __init__(self, reply: Reply, inbox: Inbox, turn: Turn) -> None:
        self.waiting, self.status, self.write = reply.waiting, reply.status, reply.write
        self._reply = reply
        self._inbox = inbox
        self._turn = turn

    async def finish(self, answer: Answer) -> str:
        if not (self._turn.shares or self._turn.errand):  # the question is kept already, or is none
            await self._inbox.keep(answer.trace_id, self._turn)
        if self._turn.private and self._turn.place:
            await self._inbox.keep_answer(answer.trace_id, self._turn, answer)
        return await self._reply.finish(answer)

    async def fail(self, error: HausgeistError, trace_id: str) -> None:
        if isinstance(error, Unavailable):
            await self._inbox.keep(trace_id, self._turn)
        await self._reply.fail(error, trace_id)
