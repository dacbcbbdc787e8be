"""What the assistant remembers, in Redis: exchanges (masked), vaults (sealed), answers and what people think of them.

Every write may be repeated; every key has its time to live in `bot/keys.py`.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis

from bot import keys
from bot.events import Feedback, Message
from bot.seal import Seal
from bot.store import Script, state
from guardrails.masking import PLACEHOLDER, Vault

ERASE_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Exchange:
    """A masked question and its masked answer, with the ids of the messages that asked it and `shown` it."""

    key: str
    at: float
    person: str
    messages: tuple[str, ...]
    question: str
    answer: str
    trace_id: str
    shown: str = ""


@dataclass(slots=True)
class Conversation:
    """A conversation as remembered, and the vault that can restore it; `epoch` counts what was erased from it."""

    id: str
    exchanges: tuple[Exchange, ...]
    vault: Vault
    epoch: int = 0

    @property
    def messages(self) -> tuple[Message, ...]:
        """The thread so far."""
        lines = [
            (Message("user", one.question, one.person), Message("assistant", one.answer)) for one in self.exchanges
        ]
        return tuple(line for pair in lines for line in pair)

    def answered(self, key: str) -> bool:
        """Whether the turn `key` was answered and remembered already."""
        return bool(self.exchanges) and self.exchanges[-1].key == key


@dataclass(frozen=True, slots=True)
class Record:
    """An answer as kept for review; question and text are masked."""

    trace_id: str
    question: str
    text: str
    refused: bool
    sources: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose turn a record belongs to: its key and messages, the person, and the fence of the lease it ran under."""

    key: str
    messages: tuple[str, ...]
    person: str
    fence: str = "0"


class Memory:
    """What was said; every method raises StateDown. `clock` gives the time in seconds."""

    def __init__(self, redis: Redis, seal: Seal, clock: Callable[[], float] = time.time) -> None:
        self._redis = redis
        self._seal = seal
        self._clock = clock
        self._script = Script("memory.lua")

    async def recall(self, conversation: str) -> Conversation:
        """The conversation so far; an unknown one is empty."""
        place = keys.state(conversation)
        lines, sealed, epoch = await self._script.run(self._redis, place, "recall", keys.exchanges(conversation))
        vault = self._seal.open(sealed, place) if sealed else None
        exchanges = tuple(map(_exchange, orjson.loads(lines)))
        return Conversation(conversation, exchanges, Vault.from_json(vault) if vault else Vault(), int(epoch or 0))

    async def remember(self, talk: Conversation, asked: Asked, record: Record, message_id: str) -> bool:
        """Keeps an exchange, the vault, the record for review and which message shows it, in one round trip.

        False if the conversation was taken over or partly erased since it was recalled: then the exchange is dropped.
        """
        at = self._clock()
        said = (record.question, record.text, record.trace_id, message_id)
        exchange = Exchange(asked.key, at, asked.person, asked.messages, *said)
        place = keys.state(talk.id)
        vault = _pruned(talk.vault, [*talk.exchanges[1 - keys.EXCHANGES :], exchange])
        sealed = self._seal.close(vault.to_json(), place)
        beginning = orjson.dumps({"key": asked.key})[:-1]
        fields = (asked.fence, talk.epoch, beginning, orjson.dumps(exchange), sealed)
        bounds = (keys.EXCHANGES, keys.CONVERSATION_SECONDS)
        arguments: Any = ("remember", keys.exchanges(talk.id), *fields, *bounds)
        with state():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.eval(self._script.text, 1, place, *arguments)  # a cluster's pipeline takes no hash of a script
                if message_id:  # none where the platform reached nobody
                    pipe.set(keys.answer(message_id), orjson.dumps(record), ex=keys.ANSWER_SECONDS)
                return bool((await pipe.execute())[0])

    async def erase(self, conversation: str, message_id: str) -> bool:
        """Erases what was asked in a message, the answer to it, and the values that only they held."""
        for _ in range(ERASE_TRIES):
            talk = await self.recall(conversation)
            doomed = [n for n, one in enumerate(talk.exchanges) if message_id in one.messages]
            if not doomed:
                return False
            place = keys.state(conversation)
            kept = [one for n, one in enumerate(talk.exchanges) if n not in doomed]
            sealed = self._seal.close(_pruned(talk.vault, kept).to_json(), place)
            bounds = (talk.epoch, sealed, keys.CONVERSATION_SECONDS)
            gone = [orjson.dumps(talk.exchanges[n]) for n in doomed]  # byte for byte as it was written
            if await self._script.run(self._redis, place, "erase", keys.exchanges(conversation), *bounds, *gone):
                for n in doomed:
                    await self._forget_answer(talk.exchanges[n])
                return True
        return False

    async def reset(self, place: str) -> int:
        """Forgets a conversation, or all that begin with `place:`; how many there were."""
        found = [place]
        if place.endswith(":"):
            pattern = keys.exchanges(_literal(place) + "*")
            with state():
                found = [keys.conversation_of(key.decode()) async for key in self._redis.scan_iter(pattern, count=1000)]
        seconds = keys.CONVERSATION_SECONDS
        return sum(
            [
                int(await self._script.run(self._redis, keys.state(one), "reset", keys.exchanges(one), seconds))
                for one in found
            ]
        )

    async def judge(self, feedback: Feedback) -> bool:
        """Stores, changes or takes back a person's verdict; False if the message is no answer of ours."""
        with state():
            record = await cast(Any, self._redis.get(keys.answer(feedback.message_id)))
            if record is None:
                return False
            place = keys.feedback(orjson.loads(record)["trace_id"])
            if not feedback.removed:
                await cast(Any, self._redis.hset(place, feedback.person.id, feedback.verdict))
                await self._redis.expire(place, keys.ANSWER_SECONDS)
            elif await cast(Any, self._redis.hget(place, feedback.person.id)) == feedback.verdict.encode():
                await cast(Any, self._redis.hdel(place, feedback.person.id))
        return True

    async def first_time(self, identifier: str) -> bool:
        """Marks an identifier as seen; True if it was not."""
        mark = secrets.token_bytes(8)  # a try repeated after a lost connection finds its own mark, and counts as first
        with state():
            place = keys.seen(identifier)
            earlier = await cast(Any, self._redis.set(place, mark, nx=True, get=True, ex=keys.SEEN_SECONDS))
        return earlier in (None, mark)

    async def _forget_answer(self, exchange: Exchange) -> None:
        with state():
            await self._redis.delete(keys.answer(exchange.shown))
            await self._redis.delete(keys.feedback(exchange.trace_id))


def _exchange(fields: dict[str, Any]) -> Exchange:
    fields["messages"] = tuple(fields["messages"])
    return Exchange(**fields)


def _pruned(vault: Vault, kept: list[Exchange]) -> Vault:
    """The vault with the values alone that what is kept speaks of."""
    if not vault:
        return vault
    texts = [text for one in kept for text in (one.question, one.answer)]
    return vault.only({match[0] for text in texts for match in PLACEHOLDER.finditer(text)})


def _literal(text: str) -> str:
    """Text as a pattern of Redis that means itself."""
    return "".join(f"\\{char}" if char in "*?[]\\^" else char for char in text)
