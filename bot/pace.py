"""How fast a platform may be called: places in a queue that all processes share, so that no limit is overrun."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis.asyncio import Redis

from bot import keys
from bot.errors import StateDown
from bot.store import Script


@dataclass(frozen=True, slots=True)
class Limit:
    """At most one call in `seconds` in the long run, and `burst` at once; `name` tells what is counted."""

    name: str
    seconds: float
    burst: int = 1


class Pace(Protocol):
    """Gives out places; never raises: where nobody can count, calls go out, and the platform says when to slow down."""

    async def claim(self, limits: Sequence[Limit], within: float) -> float | None:
        """Takes the next place that all limits allow; the seconds until then, None if they are more than `within`."""

    async def hold(self, limit: Limit, seconds: float) -> None:
        """Gives out no place of this name for so long: the platform said so."""


class FreePace:
    """No limits; the fake of this port."""

    async def claim(self, limits: Sequence[Limit], within: float) -> float | None:  # noqa: ARG002
        return 0.0

    async def hold(self, limit: Limit, seconds: float) -> None:
        """Nothing is held."""


class SharedPace:
    """Limits kept in Redis, for all processes together."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = Script("pace.lua")

    async def claim(self, limits: Sequence[Limit], within: float) -> float | None:
        names = [keys.pace(limit.name) for limit in limits]
        rates = [number for limit in limits for number in (round(limit.seconds * 1000), limit.burst)]
        try:
            wait = int(await self._script.run(self._redis, names, "claim", round(within * 1000), *rates))
        except StateDown:
            return 0.0
        return None if wait < 0 else wait / 1000

    async def hold(self, limit: Limit, seconds: float) -> None:
        rate = (round(seconds * 1000), round(limit.seconds * 1000), limit.burst)
        try:
            await self._script.run(self._redis, [keys.pace(limit.name)], "hold", *rate)
        except StateDown:
            return
