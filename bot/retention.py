"""How long each class of data stays: what is older is erased, also where it was written under longer terms."""

import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from redis.asyncio import Redis

from bot import keys
from bot.store import Script, state

BATCH: Final = 500
NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of data: how long it stays where nothing shorter is set, and what its keys begin with."""

    seconds: float
    beginnings: tuple[str, ...]


KINDS: Final[Mapping[str, Kind]] = {
    "conversation": Kind(keys.CONVERSATION_SECONDS, (keys.TALK, keys.inbox("ours:"))),
    "answer": Kind(keys.ANSWER_SECONDS, (keys.answer(""), keys.ASKED, keys.feedback(""))),
    "question": Kind(keys.QUESTION_SECONDS, tuple(map(keys.inbox, ("text:", "mail:", "turn:")))),
    "kept": Kind(keys.KEPT_SECONDS, tuple(map(keys.inbox, ("kept:", "keeps:")))),
    "parked": Kind(keys.PARKED_SECONDS, (keys.inbox("parked:"),)),
    "seen": Kind(keys.SEEN_SECONDS, (keys.seen(""), keys.inbox("seen:"))),
}


def terms(days: Mapping[str, float]) -> dict[str, float]:
    """The seconds that each class stays, given the days that are set, which can only shorten. Raises ValueError."""
    for name, count in days.items():
        if name not in KINDS:
            raise ValueError(f"{name}: {count:g} must be one of {', '.join(KINDS)}")
        most = KINDS[name].seconds / keys.DAY
        if not 0 < count <= most:
            raise ValueError(f"{name}: {count:g} must be a number of days above 0 and at most {most:g}, the default")
    return {name: days[name] * keys.DAY if name in days else kind.seconds for name, kind in KINDS.items()}


async def enforce(redis: Redis, now: float, days: Mapping[str, float] = NOTHING) -> dict[str, int]:
    """Erases what is due by `now`, and sees to it that all else ends in time; how much of each class was erased.

    Raises StateDown, ValueError.
    """
    seconds = terms(days)
    erased: Counter[str] = Counter()
    old = Script("retention.lua")
    with state():
        async for batch in _batches(redis):
            kinds = {key: kind for key in batch if (kind := _kind(key.decode()))}
            due = await _due(redis, {key: seconds[kind] for key, kind in kinds.items()}, now)
            for key in due:
                erased[kinds[key]] += await redis.delete(key)
            for key in kinds.keys() - due:
                if key.endswith(b":exchanges"):
                    place = keys.state(keys.conversation_of(key.decode()))
                    erased["conversation"] += await old.run(redis, (place,), key, now - seconds["conversation"])
    return dict(+erased)


async def _batches(redis: Redis) -> AsyncIterator[list[bytes]]:
    batch: list[bytes] = []
    async for key in redis.scan_iter("hg:*", count=BATCH):
        batch.append(key)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def _kind(key: str) -> str | None:
    return next((name for name, kind in KINDS.items() if key.startswith(kind.beginnings)), None)


async def _due(redis: Redis, limits: Mapping[bytes, float], now: float) -> set[bytes]:
    """Which keys end by `now`; those that would stay longer than their limit, or for ever, get it."""
    if not limits:
        return set()
    ahead = now - time.time()  # a test's clock; none in earnest
    async with redis.pipeline(transaction=False) as pipe:
        for key, limit in limits.items():
            pipe.pexpire(key, round(limit * 1000), lt=True)
            pipe.pttl(key)
        left = (await pipe.execute())[1::2]
    return {key for key, milliseconds in zip(limits, left, strict=True) if milliseconds / 1000 <= ahead}
