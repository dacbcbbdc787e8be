"""The layout of what we keep in Redis: its version, its migration, and whether our secret key is the one it needs."""

import logging
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis

from bot import keys
from bot.memory import Exchange
from bot.seal import Seal
from bot.store import Script, state
from guardrails.masking import Vault

SCHEMA: Final = 2

log = logging.getLogger(__name__)


class StateMismatch(Exception):
    """What Redis holds is not for us; the text is one line that says why and what to do."""


async def prepare(redis: Redis, seal: Seal) -> None:
    """Makes Redis ready for this release; may run in several processes at once. Raises StateMismatch, StateDown."""
    with state():
        version = int(await cast(Any, redis.get(keys.SCHEMA)) or 1)
        if version > SCHEMA:
            raise StateMismatch(
                f"Redis holds data of a newer release (layout {version}, this release knows {SCHEMA}): "
                "start that release, or set HAUSGEIST_REDIS_URL to another Redis"
            )
        _check_key(seal, await cast(Any, redis.get(keys.KEY_CHECK)))
        if version < SCHEMA:
            await _migrate(redis, seal)
        # Of two that start at once with different keys, the second is told here.
        sealed = seal.close(keys.SCHEMA, keys.KEY_CHECK)
        _check_key(seal, await cast(Any, redis.set(keys.KEY_CHECK, sealed, nx=True, get=True)))
        await redis.set(keys.SCHEMA, SCHEMA)


def _check_key(seal: Seal, sealed: bytes | None) -> None:
    if sealed and seal.open(sealed, keys.KEY_CHECK) is None:
        raise StateMismatch(
            "Redis holds data sealed with another key: set HAUSGEIST_SECRET_KEY to the key that all replicas share "
            "(without it: the file secret.key in the data directory), or set HAUSGEIST_REDIS_URL to another Redis"
        )


async def _migrate(redis: Redis, seal: Seal) -> None:
    """Brings conversations of version 1 into the layout of version 2; each is moved at once or not at all."""
    script = Script("schema.lua")
    moved = 0
    async for key in redis.scan_iter("hg:talk:*:transcript", count=1000):
        conversation = keys.conversation_of(key.decode())
        old_vault = f"hg:talk:{{{conversation}}}:vault"
        lines = await cast(Any, redis.zrange(key, 0, -1, withscores=True))
        sealed = _resealed(seal, await cast(Any, redis.get(old_vault)), old_vault, keys.state(conversation))
        names = (key, old_vault, keys.exchanges(conversation))
        exchanges = [orjson.dumps(asdict(exchange)) for exchange in _exchanges(lines)][-keys.EXCHANGES :]
        place = keys.state(conversation)
        moved += await script.run(redis, (place,), *names, sealed, keys.CONVERSATION_SECONDS, *exchanges)
    async for key in redis.scan_iter("hg:posted:*", count=1000):
        await redis.delete(key)  # led from a message to its answer, whose key is the message's now
    if moved:
        log.info("conversations moved to the new layout", extra={"conversations": moved})


def _resealed(seal: Seal, sealed: bytes | None, old_place: str, place: str) -> bytes:
    text = seal.open(sealed, old_place) if sealed else Vault().to_json()
    if text is None:
        raise StateMismatch(
            "Redis holds conversations sealed with another key: set HAUSGEIST_SECRET_KEY to the key of the release "
            "before, or delete the keys hg:talk:* to forget them"
        )
    return seal.close(text, place)


def _exchanges(lines: Iterable[tuple[bytes, float]]) -> list[Exchange]:
    """Questions with their answers, of lines in order; one without the other is left out."""
    asked: dict[str, Exchange] = {}
    found = []
    for line, at in lines:
        trace_id, role, text = orjson.loads(line)
        if role == "user":
            asked[trace_id] = Exchange(trace_id, at, "", (), text, "", trace_id)
        elif trace_id in asked:
            found.append(replace(asked.pop(trace_id), answer=text))
    return found
