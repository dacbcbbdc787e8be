"""What must outlive us and is no conversation: texts under names, sealed in Redis, and locks over them."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.lock import Lock
from redis.exceptions import LockError

from bot import keys
from bot.errors import StateDown, Unavailable
from bot.seal import Seal
from bot.store import state

PATIENCE: Final = 10.0  # seconds that a lock is waited for
TICK: Final = 0.05  # seconds between two tries

log = logging.getLogger(__name__)


class Cabinet:
    """Sealed texts under names, shared by all replicas; every method raises StateDown where Redis is away."""

    def __init__(self, redis: Redis, seal: Seal) -> None:
        self._redis = redis
        self._seal = seal

    async def get(self, name: str) -> str | None:
        """The text; None where there is none, or none that our seal opens."""
        with state():
            return self._opened(name, await cast(Any, self._redis.get(keys.drawer(name))))

    async def put(self, name: str, text: str, seconds: float | None = None) -> None:
        """Keeps a text, for `seconds` or for ever, in place of what was there."""
        place = keys.drawer(name)
        ends = None if seconds is None else round(seconds * 1000)
        with state():
            await self._redis.set(place, self._seal.close(text, place), px=ends)

    async def replace(self, name: str, text: str) -> bool:
        """Keeps a text for ever in place of one that is there; false where there is none any more."""
        place = keys.drawer(name)
        with state():
            return bool(await self._redis.set(place, self._seal.close(text, place), xx=True))

    async def take(self, name: str) -> str | None:
        """The text, which is gone with that: of several who take it, one gets it."""
        with state():
            return self._opened(name, await cast(Any, self._redis.getdel(keys.drawer(name))))

    async def delete(self, name: str) -> None:
        """Forgets a text; safe to call twice."""
        with state():
            await self._redis.delete(keys.drawer(name))

    async def names(self, beginning: str = "") -> list[str]:
        """The names of all texts that begin so, in order; looks through all of Redis, so not for every message."""
        with state():
            found = [key.decode() async for key in self._redis.scan_iter(keys.drawer("*"), count=1000)]
        names = (key.removeprefix(keys.drawer("")) for key in found)
        return sorted({name for name in names if name.startswith(beginning)})

    @asynccontextmanager
    async def locked(self, name: str, seconds: float, patience: float = PATIENCE) -> AsyncIterator[None]:
        """Keeps others out of the block, which must be through within `seconds`. Raises Unavailable, StateDown."""
        lock = self._redis.lock(
            keys.lock(name), timeout=seconds, sleep=TICK, blocking_timeout=patience, thread_local=False
        )
        with state():
            held = await lock.acquire()
        if not held:
            raise Unavailable("Something takes longer than it should. Please try again in a minute.")
        try:
            yield
        finally:
            await _released(lock)

    def _opened(self, name: str, sealed: bytes | None) -> str | None:
        text = self._seal.open(sealed, keys.drawer(name)) if sealed else None
        if sealed and text is None:
            log.warning("a kept text cannot be opened", extra={"name_of_text": name.partition(":")[0]})
        return text


async def _released(lock: Lock) -> None:
    """Lets others in; where that fails, or our time was over, the lock's own end has done it, or will."""
    with suppress(StateDown, LockError), state():
        await lock.release()
