"""What others told us of people and places: relied on for a while, asked for by one while the others wait."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any, Final, Generic, TypeVar, cast
from weakref import WeakValueDictionary

from redis.asyncio import Redis

from bot import keys
from bot.store import state

KNOWN_SECONDS: Final = 60.0  # that we rely on what we were told, where the operator says nothing else
MOST: Final = 20_000  # things that we remember
ASK_SECONDS: Final = 4.0  # that an answer is waited for
SILENCE_SECONDS: Final = 10.0  # that who did not answer is not asked again


What = TypeVar("What")


class Unknown(Exception):
    """Nobody told us, or not in time."""


class Known(Generic[What]):
    """What was heard, by name, for `seconds`; what is older counts for nothing, whether or not it can be asked anew."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, What | None]] = OrderedDict()
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def of(self, name: str, ask: Callable[[], Awaitable[What]]) -> What:
        """What is known under a name, asked for where it is not. Raises Unknown."""
        line = self._lines.setdefault(name, asyncio.Lock())
        async with line:
            until, heard = self._kept.get(name, (0.0, None))
            if self._clock() >= until:
                until, heard = await self._heard(ask)
                self._keep(name, until, heard)
        if heard is None:
            raise Unknown
        return heard

    def forget(self) -> None:
        """Forgets everything."""
        self._kept.clear()

    async def _heard(self, ask: Callable[[], Awaitable[What]]) -> tuple[float, What | None]:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return self._clock() + self._seconds, await ask()
        except (Unknown, TimeoutError):
            return self._clock() + min(SILENCE_SECONDS, self._seconds), None

    def _keep(self, name: str, until: float, heard: What | None) -> None:
        self._kept[name] = until, heard
        self._kept.move_to_end(name)
        while len(self._kept) > MOST:
            self._kept.popitem(last=False)


class Renewals:
    """How often admins had everybody's rights asked for anew, in all processes; every method raises StateDown."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def count(self) -> int:
        """How often so far."""
        with state():
            return int(await cast(Any, self._redis.get(keys.RENEWALS)) or 0)

    async def renew(self) -> None:
        """Has them asked for anew from the next question on."""
        with state():
            await self._redis.incr(keys.RENEWALS)
