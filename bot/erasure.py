"""Erases what Redis holds of documents that are gone, and of people who wish it; knows nothing of the index.

Every step may be repeated, and finds only what is left: whoever is interrupted begins anew.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import keys
from bot.inbox import Inbox
from bot.memory import Conversation, Memory
from bot.store import state
from guardrails.masking import restore

BATCH: Final = 500
TEXT: Final = keys.inbox("text:")
KEPT: Final = keys.inbox("kept:")
KEPT_ANSWER: Final = keys.inbox("kept:answer:")
PARKED: Final = keys.inbox("parked:")

Gone = Callable[[Collection[str]], Awaitable[frozenset[str]]]


class Eraser:
    """What is kept of answers, people and questions; every method raises StateDown."""

    def __init__(self, redis: Redis, memory: Memory, inbox: Inbox) -> None:
        self._redis = redis
        self._memory = memory
        self._inbox = inbox

    async def documents(self, gone: Gone) -> Mapping[str, int]:
        """Erases what was made from documents of which `gone` says that they are: how much of what."""
        erased: Counter[str] = Counter()
        async for names, records in self._records():
            quoted = await gone({name for record in records for name in _documents(record)})
            for key, record in zip(names, records, strict=True):
                if not quoted.isdisjoint(_documents(record)):
                    erased["answers"] += await self._blot(key, record, quoted)
                    erased["remarks on them"] += await self._drop_remarks(record["trace_id"])
        async for conversation in self._conversations():
            read = (await self._memory.recall(conversation)).read
            if read and (quoted := await gone(read)):
                erased["quotes in conversations"] += await self._memory.redact(conversation, quoted)
        async for key in self._found(KEPT_ANSWER):
            kept = await self._inbox.kept_answer(key.removeprefix(KEPT_ANSWER))
            if kept and await gone([*kept[1].read, *(source.doc_id for source in kept[1].sources)]):
                erased["answers on buttons"] += await self._delete(key)
        await self._compact()
        return dict(+erased)

    async def person(self, person: str, but: str = "") -> Mapping[str, int]:
        """Erases what somebody asked, was answered and thought of answers, except what waits in conversation `but`."""
        erased: Counter[str] = Counter()
        erased["questions that waited"] += await self._withdraw(person, but)
        async for conversation in self._conversations():
            erased["exchanges"] += await self._leave(conversation, person)
        async for names, records in self._records():
            theirs = [(key, it) for key, it in zip(names, records, strict=True) if it.get("person") == person]
            for key, record in theirs:
                erased["answers"] += await self._delete(key)
                await self._delete(keys.feedback(record["trace_id"]))
            await self._drop_ways({record["trace_id"] for _, record in theirs})
        async for key in self._found(keys.feedback("")):
            with state():
                erased["verdicts"] += bool(await cast(Any, self._redis.hdel(key, person, f"{person} why")))
        async for key in self._found(KEPT):
            if await self._whose(key) == person:
                erased["questions and answers on buttons"] += await self._delete(key)
        await self._compact()
        return dict(+erased)

    async def copy(self, person: str) -> dict[str, Any]:
        """What is kept of somebody, in clear: their exchanges, and their verdicts by answer."""
        said: list[dict[str, Any]] = []
        async for conversation in self._conversations():
            said += _clear(await self._memory.recall(conversation), person)
        verdicts = dict[str, str]()
        async for key in self._found(keys.feedback("")):
            with state():
                verdict, why = await cast(Any, self._redis.hmget(key, [person, f"{person} why"]))
            if verdict:
                verdicts[key.rpartition(":")[2]] = " ".join(part.decode() for part in (verdict, why) if part)
        return {"person": person, "exchanges": sorted(said, key=lambda one: one["at"]), "verdicts": verdicts}

    async def _blot(self, key: str, record: dict[str, Any], gone: frozenset[str]) -> int:
        """Leaves of an answer that there was one."""
        left = {name: [one for one in record.get(name, ()) if one not in gone] for name in ("sources", "read")}
        with state():
            kept = await self._redis.set(key, orjson.dumps({**record, "text": "", **left}), xx=True, keepttl=True)
        return int(bool(kept))

    async def _drop_remarks(self, trace_id: str) -> int:
        """What people wrote about an answer may quote it; what they thought of it stays."""
        place = keys.feedback(trace_id)
        with state():
            fields = [name for name in await cast(Any, self._redis.hkeys(place)) if name.endswith(b" why")]
            return int(await cast(Any, self._redis.hdel(place, *fields))) if fields else 0

    async def _withdraw(self, person: str, but: str) -> int:
        """Takes back what somebody asked and was not answered yet, also what was put aside."""
        found = 0
        async for key in self._found(TEXT):
            conversation = key.removeprefix(TEXT)
            for message in await self._messages(key, person) if conversation != but else ():
                found += await self._inbox.withdraw(conversation, message)
                await self._memory.erase(conversation, message, running=True)
        async for key in self._found(PARKED):
            if await self._messages(key, person):
                found += await self._inbox.drop(key.removeprefix(PARKED))
        return found

    async def _messages(self, key: str, person: str) -> list[str]:
        """The messages of somebody in a hash of sealed texts, before each of which stands whose it is."""
        with state():
            kept = await cast(Any, self._redis.hgetall(key))
        whose = person.replace("\n", " ").encode() + b"\n"
        return [name.decode().removeprefix("text:") for name, text in kept.items() if text.startswith(whose)]

    async def _leave(self, conversation: str, person: str) -> int:
        """Takes somebody out of a conversation, and the conversation away if they were alone in it."""
        exchanges = (await self._memory.recall(conversation)).exchanges
        theirs = [one for one in exchanges if one.person == person]
        if theirs and len(theirs) == len(exchanges):
            await self._memory.reset(conversation)
        else:
            for message in [message for one in theirs for message in one.messages]:
                await self._memory.erase(conversation, message, running=True)
        return len(theirs)

    async def _drop_ways(self, trace_ids: Collection[str]) -> None:
        """Deletes what leads from questions to answers that are no more."""
        if not trace_ids:
            return
        async for key in self._found(keys.ASKED):
            with state():
                answer = await cast(Any, self._redis.get(key))
            if answer and answer.decode().rpartition("\n")[2] in trace_ids:
                await self._delete(key)

    async def _whose(self, key: str) -> str:
        """Whom a kept question, or answer, belongs to."""
        if key.startswith(KEPT_ANSWER):
            kept = await self._inbox.kept_answer(key.removeprefix(KEPT_ANSWER))
            return kept[0] if kept else ""
        turn = await self._inbox.kept(key.removeprefix(KEPT))
        return turn.person.id if turn else ""

    async def _records(self) -> AsyncIterator[tuple[list[str], list[dict[str, Any]]]]:
        """The records of answers, in batches."""
        batch: list[str] = []
        async for key in self._found(keys.answer("")):
            batch.append(key)
            if len(batch) == BATCH:
                yield await self._read(batch)
                batch = []
        yield await self._read(batch)

    async def _read(self, names: list[str]) -> tuple[list[str], list[dict[str, Any]]]:
        with state():
            async with self._redis.pipeline(transaction=False) as pipe:
                for name in names:
                    pipe.get(name)
                found = [(name, record) for name, record in zip(names, await pipe.execute(), strict=True) if record]
        return [name for name, _ in found], [orjson.loads(record) for _, record in found]

    async def _conversations(self) -> AsyncIterator[str]:
        async for key in self._found(keys.TALK):
            if key.endswith(":exchanges"):
                yield keys.conversation_of(key)

    async def _found(self, beginning: str) -> AsyncIterator[str]:
        """The keys that begin so."""
        with state():
            async for key in self._redis.scan_iter(f"{beginning}*", count=1000):
                yield key.decode()

    async def _delete(self, key: str) -> int:
        with state():
            return int(await self._redis.delete(key))

    async def _compact(self) -> None:
        """Has the log of all changes written anew, which holds what was erased until then; servers may refuse."""
        with suppress(RedisError, OSError):
            await self._redis.bgrewriteaof()


def _clear(talk: Conversation, person: str) -> list[dict[str, Any]]:
    """What somebody asked in a conversation and was told, in clear, with the documents that it was made from."""
    return [
        {
            "conversation": talk.id,
            "at": one.at,
            "question": restore(one.question, talk.vault),
            "answer": restore(one.answer, talk.vault),
            "documents": None if one.read is None else list(one.read),
        }
        for one in talk.exchanges
        if one.person == person
    ]


def _documents(record: Mapping[str, Any]) -> set[str]:
    return {*record.get("read", ()), *record["sources"]}
