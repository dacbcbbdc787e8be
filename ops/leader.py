"""Which of several processes fires the jobs: the one that holds a lock in Redis; and each firing is claimed besides."""

import asyncio
import logging
import math
import secrets
import time
from contextlib import suppress
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import LockNotOwnedError, RedisError

from bot import keys

LEASE_SECONDS: Final = 15.0
FAILURES: Final = (RedisError, OSError)  # a timeout is an OSError

log = logging.getLogger(__name__)


class Leadership:
    """The lead among all who strive for it, on a lease that is renewed three times before it ends."""

    def __init__(self, redis: Redis, lease_seconds: float = LEASE_SECONDS) -> None:
        self._redis = redis
        self._seconds = lease_seconds
        self._lock = redis.lock(keys.LEADER, timeout=lease_seconds, blocking=False, thread_local=False)
        self._acquired = False
        self._until = -math.inf  # by our own clock: a process that was held knows that its lease is over

    @property
    def leads(self) -> bool:
        """Whether we lead, to our knowledge."""
        return time.monotonic() < self._until

    async def run(self) -> None:
        """Strives for the lead and keeps it, until cancelled; then lets it go."""
        task = asyncio.current_task()
        try:
            while not (task and task.cancelling()):  # the client may swallow a cancellation that meets an answer
                await self._strive()
                await asyncio.sleep(self._seconds / 3)
        finally:
            await self._resign()

    async def claim(self, job: str, every_seconds: float) -> bool:
        """True for the first who claims a job in this span of time by Redis's clock; false where nobody can tell."""
        mark = secrets.token_bytes(8)  # a try repeated after a lost connection finds its own mark, and holds
        try:
            seconds, microseconds = await cast(Any, self._redis.time())
            place = keys.fired(job, int((seconds + microseconds / 1e6) // every_seconds))
            ends = round(2000 * every_seconds)
            return await cast(Any, self._redis.set(place, mark, nx=True, get=True, px=ends)) in (None, mark)
        except FAILURES as error:
            log.warning("job not fired", extra={"job": job, "reason": type(error).__name__})
            return False

    async def _strive(self) -> None:
        began, led = time.monotonic(), self.leads
        try:
            async with asyncio.timeout(self._seconds / 3):
                held = await self._hold()
        except FAILURES as error:
            log.warning("no word about who leads", extra={"reason": type(error).__name__})
            return
        self._until = began + self._seconds if held else -math.inf
        if held != led:
            log.info("leading" if held else "no longer leading")

    async def _hold(self) -> bool:
        if self._acquired:
            with suppress(LockNotOwnedError):
                return bool(await self._lock.reacquire())
        self._acquired = await self._lock.acquire()
        return self._acquired

    async def _resign(self) -> None:
        self._until = -math.inf
        if self._acquired:
            with suppress(*FAILURES):
                async with asyncio.timeout(1):
                    await self._lock.release()
