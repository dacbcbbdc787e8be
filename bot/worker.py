"""Takes turns from the inbox and sees each one through: answered once, in order, never in silence.

Knows nothing of how a turn is answered; `Dispatcher` does.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from bot.answers import Reply
from bot.dispatch import Dispatcher
from bot.errors import Broken, HausgeistError, StateDown, Stopped, Undelivered
from bot.inbox import Inbox, Job
from bot.language import language_of
from bot.lease import Lease
from bot.notices import STOPPED, WAITING
from bot.ticket import CALL_SECONDS, Superseded
from bot.trace import UNFINISHED, Journal, Trace

TRIES: Final = 5  # a turn that fails so often is put aside
LONGEST_SECONDS: Final = 3600.0  # a platform that takes nothing for so long is not waited for any more
RENEW_SECONDS: Final = 1.0
IDLE_SECONDS: Final = 1.0
POLL_SECONDS: Final = 0.05
PUT_OFF_SECONDS: Final = 15.0
BREATH_SECONDS: Final = 2.0  # before a turn that Redis refused is begun anew
STATE_PAUSES: Final = (*[0.5] * 10, *[2] * 150)

log = logging.getLogger(__name__)


class Worker:
    """Answers up to `slots` turns at a time."""

    def __init__(self, inbox: Inbox, dispatcher: Dispatcher, journal: Journal, slots: int) -> None:
        self._inbox = inbox
        self._dispatcher = dispatcher
        self._journal = journal
        self._slots = asyncio.Semaphore(slots)
        self._of_one = slots - 1
        self._leases: set[Lease] = set()
        self._taking = asyncio.Event()
        self._taking.set()
        self._looking = True  # something may stand in line, whether or not the bell rings

    async def run(self) -> None:
        """Works until cancelled."""
        async with asyncio.TaskGroup() as group:
            for part in (self._take, self._renew, self._tell_who_waits):
                group.create_task(_for_ever(part), name=part.__name__)

    async def drain(self, seconds: float, *, empty: bool = False) -> None:
        """Takes nothing more; what is not finished in time is handed over to whoever works on.

        With `empty`, what waits already is taken too: where nobody else works, it would wait for our return.
        """
        until = time.monotonic() + seconds
        while empty and time.monotonic() < until and await self._anything_waits():  # noqa: ASYNC110  # Redis knows
            await asyncio.sleep(POLL_SECONDS)
        self._taking.clear()
        running = [lease.task for lease in self._leases if lease.task]
        if running:
            await asyncio.wait(running, timeout=max(0, until - time.monotonic()))
        self.hand_over()
        if running:
            await asyncio.wait(running, timeout=CALL_SECONDS)

    def hand_over(self) -> None:
        """Gives back at once what runs."""
        for lease in list(self._leases):
            lease.end("handed over")

    def _greedy(self) -> str:
        """Who has all of our turns but one: that one stays free for others."""
        for person, turns in Counter(lease.turn.person.id for lease in self._leases).most_common(1):
            return person if self._of_one and turns >= self._of_one else ""
        return ""

    async def _anything_waits(self) -> bool:
        try:
            return (await self._inbox.line()).ready > 0
        except StateDown:
            return False

    async def _take(self) -> None:
        await self._slots.acquire()
        try:
            await self._taking.wait()
            asked = time.monotonic()
            job = await self._next()
        except BaseException:
            self._slots.release()
            raise
        if job is None:
            self._slots.release()
            return
        if not self._taking.is_set():
            self._slots.release()
            await self._inbox.release(job)
            return
        lease = Lease(self._inbox, job, asked)
        self._leases.add(lease)
        lease.task = asyncio.create_task(self._see_through(lease), name=f"turn {lease.key}")
        lease.task.add_done_callback(partial(self._done, lease))

    async def _next(self) -> Job | None:
        """The next turn; where none can be in line it waits until one may be, and gives none."""
        if not self._looking:
            await self._inbox.bell(IDLE_SECONDS)
            self._looking = True
            return None
        job = await self._inbox.take(self._greedy())
        self._looking = bool(job and (job.behind or job.again))
        return job

    def _done(self, lease: Lease, _task: "asyncio.Task[None]") -> None:
        lease.close()
        self._leases.discard(lease)
        self._looking = True
        self._slots.release()

    async def _renew(self) -> None:
        await asyncio.sleep(RENEW_SECONDS)
        leases = list(self._leases)
        if not leases:
            return
        asked = time.monotonic()
        for lease, state in zip(leases, await self._inbox.renew([lease.job for lease in leases]), strict=True):
            if state == "lost":
                lease.end("lost")
                continue
            lease.prolong(asked)
            if state == "stop":
                lease.end("stopped")
            elif state == "changed":
                lease.end("handed over")  # to be answered anew without what was withdrawn

    async def _tell_who_waits(self) -> None:
        asked = time.monotonic()
        job = await self._inbox.notice() if self._taking.is_set() else None
        if job is None:
            await asyncio.sleep(RENEW_SECONDS)
            return
        lease = Lease(self._inbox, job, asked)
        reply = self._dispatcher.open(lease.turn, lease)
        if reply:
            await reply.waiting(WAITING[language_of(lease.turn.text)].format(ahead=job.ahead))
        lease.close()
        await self._inbox.release(job)

    async def _see_through(self, lease: Lease) -> None:
        trace = Trace(lease.turn.platform)
        try:
            try:
                await self._answer(lease, trace)
            except asyncio.CancelledError:
                await self._ended(lease, trace)
            except Undelivered:
                await self._put_off(lease, trace)
            except StateDown:
                trace.outcome = "StateDown"
                lease.close()
                await _insist(lambda: self._inbox.release(lease.job, BREATH_SECONDS))
        except (Superseded, Undelivered, StateDown) as error:
            superseded = isinstance(error, Superseded)  # whoever takes it over finds all that is needed in the inbox
            trace.outcome = "superseded" if superseded else type(error).__name__
        finally:
            trace.counts["tries"] = lease.job.tries
            self._journal.record(trace)

    async def _answer(self, lease: Lease, trace: Trace) -> None:
        """Has the turn answered, or its person told why not; then it is done with."""
        job, turn = lease.job, lease.turn
        trace.waited = job.waited
        lease.reply = reply = self._dispatcher.open(turn, lease)
        if reply is None:
            raise Undelivered(f"No platform {turn.platform!r} is set up here.")
        failure = await self._attempt(lease, reply, trace)
        if isinstance(failure, Undelivered | StateDown):
            raise failure
        if type(failure) is Broken and job.tries < TRIES:
            trace.outcome = "tried again"
            lease.close()
            await self._inbox.release(job, float(job.tries), counts=True)
            return
        if failure and (lease.posted or lease.again or not turn.withdrawn):
            await self._dispatcher.tell(failure, reply, trace)
        await self._close(lease, trace, failure)

    async def _attempt(self, lease: Lease, reply: Reply, trace: Trace) -> HausgeistError | None:
        """What keeps the person from an answer, if anything does."""
        if lease.job.stop or lease.turn.withdrawn:
            return Stopped(STOPPED[language_of(lease.turn.text)])
        if lease.job.tries > TRIES:  # workers died of it
            return Broken()
        return await self._dispatcher.attempt(replace(lease.turn, waited=lease.job.waited), reply, trace)

    async def _close(self, lease: Lease, trace: Trace, failure: HausgeistError | None) -> None:
        """The turn is done with, however long Redis is away."""
        if type(failure) is Broken:
            facts = {"platform": lease.turn.platform, "reason": "failed too often", "tries": lease.job.tries}
            await _insist(lambda: self._inbox.park(lease.job, trace.id, facts))
        else:
            await _insist(lambda: self._inbox.settle(lease.job))

    async def _put_off(self, lease: Lease, trace: Trace) -> None:
        trace.outcome = "undelivered"
        lease.close()
        if lease.job.waited < LONGEST_SECONDS:
            await self._inbox.release(lease.job, PUT_OFF_SECONDS)
        else:
            trace.outcome = "silent"
            sealed = not lease.turn.platform
            reason = "sealed with another key" if sealed else "nobody could be told: platform away, or not set up"
            facts = {"platform": lease.turn.platform, "reason": reason}
            await self._inbox.park(lease.job, trace.id, facts)

    async def _ended(self, lease: Lease, trace: Trace) -> None:
        """Follows up on a turn whose work was ended from outside."""
        if lease.ending == "handed over":
            trace.outcome = "handed over"
            await self._inbox.release(lease.job)
        elif lease.ending == "stopped":
            lease.again = True  # what was being posted may stand there, unrecorded
            if lease.reply and trace.outcome in (UNFINISHED, "tried again"):
                await self._dispatcher.tell(Stopped(STOPPED[language_of(lease.turn.text)]), lease.reply, trace)
            await self._close(lease, trace, None)
        else:
            trace.outcome = "superseded"


async def _insist(step: Callable[[], Awaitable[object]]) -> None:
    """Does a step as soon as Redis takes it; after minutes without, whoever takes the turn over does."""
    for pause in STATE_PAUSES:
        try:
            await step()
            return
        except StateDown:
            await asyncio.sleep(pause)


async def _for_ever(part: Callable[[], Awaitable[None]]) -> None:
    """Does its part again and again, until cancelled; while Redis is away, once a second."""
    away, task = False, asyncio.current_task()
    while not (task and task.cancelling()):  # the client for Redis may swallow a cancellation that meets an answer
        try:
            await part()
            away = False
        except StateDown:
            if not away:
                log.warning("no state: waiting for it", extra={"part": part.__name__})
            away = True
            await asyncio.sleep(RENEW_SECONDS)
