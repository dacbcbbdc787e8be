"""What the documents did not answer: questions that were declined, and answers that people did not like."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson
from redis.asyncio import Redis

from bot import keys
from bot.events import Verdict
from bot.store import state
from guardrails.masking import PLACEHOLDER

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Gap:
    """A question without personal data, the documents read for it, and why its answer, if any, was not liked."""

    question: str
    documents: tuple[str, ...]
    answered: bool
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """All that was asked in a span of time: how many questions there were, and the gaps among them."""

    questions: int
    gaps: tuple[Gap, ...]


async def collect(redis: Redis, since: float, until: float) -> Asked:
    """Looks through the answers given between two times, in seconds; for a job by the clock. Raises StateDown.

    An answer that several messages show counts once.
    """
    seen, gaps = set[str](), list[Gap]()
    with state():
        async for records in _records(redis):
            told = {one["trace_id"]: one for one in records if since <= one.get("at", 0.0) < until}
            new = [record for trace_id, record in told.items() if trace_id not in seen]
            seen.update(told)
            for record, verdicts in zip(new, await _verdicts(redis, new), strict=True):
                if gap := _gap(record, verdicts):
                    gaps.append(gap)
    return Asked(len(seen), tuple(gaps))


def _gap(record: Mapping[str, Any], verdicts: Mapping[bytes, bytes]) -> Gap | None:
    disliked = [person for person, said in verdicts.items() if said == Verdict.DOWN.encode()]
    if not record["refused"] and not disliked:
        return None
    whys = [orjson.loads(verdicts[person + b" why"]) for person in disliked if person + b" why" in verdicts]
    reasons = dict.fromkeys(why["reason"] for why in whys if why["reason"])
    documents = dict.fromkeys([*record["sources"], *record.get("read", ())])
    question = " ".join(PLACEHOLDER.sub("…", record["question"]).split())
    return Gap(question, tuple(documents), not record["refused"], tuple(reasons))


async def _verdicts(redis: Redis, records: list[dict[str, Any]]) -> list[Mapping[bytes, bytes]]:
    async with redis.pipeline(transaction=False) as pipe:
        for record in records:
            pipe.hgetall(keys.feedback(record["trace_id"]))
        return await pipe.execute()


async def _records(redis: Redis) -> AsyncIterator[list[dict[str, Any]]]:
    batch: list[bytes] = []
    async for key in redis.scan_iter(keys.answer("*"), count=BATCH):
        batch.append(key)
        if len(batch) == BATCH:
            yield await _read(redis, batch)
            batch = []
    yield await _read(redis, batch)


async def _read(redis: Redis, names: list[bytes]) -> list[dict[str, Any]]:
    async with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.get(name)
        return [orjson.loads(record) for record in await pipe.execute() if record]
