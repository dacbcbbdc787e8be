"""What happens by the clock, in one process of all: sources are read again, and what is too old is erased."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from redis.asyncio import Redis

from bot.errors import StateDown
from bot.retention import enforce
from ops.leader import LEASE_SECONDS, Leadership
from ops.rounds import Rounds
from rag.errors import LibraryError
from rag.library import Library

HOUR: Final = 3600.0
LOOK_S: Final = 30.0  # how often we look whether a source is due
EPOCH: Final = datetime.fromtimestamp(0, UTC)

log = logging.getLogger(__name__)


class Jobs:
    """All jobs; any number of processes may have them, and one fires."""

    def __init__(
        self,
        redis: Redis,
        library: Library,
        sync_minutes: float,
        retention_days: Mapping[str, float],
        lease_seconds: float = LEASE_SECONDS,
    ) -> None:
        self._leadership = Leadership(redis, lease_seconds)
        self._leading: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
        self._rounds = Rounds(library, sync_minutes)
        self.add("resync", min(LOOK_S, 60 * sync_minutes), self._rounds.go)
        self.add("tidy", HOUR, partial(tidy, library))
        # Asked each hour, so that a day in which we were started again does not go by without.
        self.add("retention", 24 * HOUR, partial(retain, redis, retention_days), asked_seconds=HOUR)

    def add(
        self, name: str, every_seconds: float, work: Callable[[], Awaitable[None]], asked_seconds: float = 0
    ) -> None:
        """Has `work` done once in each span of `every_seconds`; whether it was is asked more often, if wanted."""
        asked = asked_seconds or every_seconds
        self._scheduler.add_job(
            self._fire,
            "interval",
            args=[name, every_seconds, work],
            id=name,
            misfire_grace_time=None,
            seconds=asked,
            start_date=EPOCH + timedelta(seconds=asked / 2),  # amid its span, whatever our clock is off from Redis's
        )

    async def start(self) -> None:
        """Fires what is due from now on, whenever this process leads."""
        self._leading = asyncio.create_task(self._leadership.run())
        self._scheduler.start()

    async def stop(self) -> None:
        """Fires nothing more, and lets another process lead at once."""
        self._scheduler.shutdown(wait=False)
        await self._rounds.stop()
        if self._leading:
            self._leading.cancel()
            with suppress(asyncio.CancelledError):
                await self._leading

    async def _fire(self, name: str, every_seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        if self._leadership.leads and await self._leadership.claim(name, every_seconds):
            await work()


async def tidy(library: Library) -> None:
    """Takes what was removed out of every file of the index."""
    try:
        await asyncio.to_thread(library.settle)
    except LibraryError as error:
        log.warning("index not tidied", extra={"reason": str(error)})


async def retain(redis: Redis, days: Mapping[str, float]) -> None:
    """Erases what is older than its class of data may get."""
    try:
        log.info("old data erased", extra={"erased": await enforce(redis, time.time(), days)})
    except StateDown as error:
        log.warning("old data not erased", extra={"reason": repr(error.__cause__)})
