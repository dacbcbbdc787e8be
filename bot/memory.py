"""What the assistant remembers, in Redis: exchanges (masked), vaults (sealed), answers and what people think of them.

Every write may be repeated; every key has its time to live in `bot/keys.py`.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import orjson
from redis.asyncio import Redis

from bot import keys
from bot.events import Case, Feedback, Message
from bot.seal import Seal
from bot.store import Script, state
from guardrails.masking import PLACEHOLDER, Vault

ERASE_TRIES: Final = 5


@dataclass(frozen=True, slots=True)
class Exchange:
    """A masked question and its masked answer, with the ids of the messages that asked it.

    `read` names the documents that the answer was made from; None where an older release did not note them.
    """

    key: str
    at: float
    person: str
    messages: tuple[str, ...]
    question: str
    answer: str
    trace_id: str
    read: tuple[str, ...] | None = None


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

    @property
    def read(self) -> tuple[str, ...]:
        """The documents that its answers were made from."""
        return tuple(dict.fromkeys(name for one in self.exchanges for name in one.read or ()))

    def answered(self, key: str) -> bool:
        """Whether the turn `key` was answered and remembered already."""
        return bool(self.exchanges) and self.exchanges[-1].key == key


@dataclass(frozen=True, slots=True)
class Record:
    """An answer as kept for review; question and text are masked.

    `read` names the documents it was made from, cited or not; `at` is when it was given, in seconds, and `person`
    whose question it answers, so that it can be erased on their wish.
    """

    trace_id: str
    question: str
    text: str
    refused: bool
    sources: tuple[str, ...]
    model: str
    read: tuple[str, ...] = ()
    at: float = 0.0
    person: str = ""


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
        lines, sealed, epoch = await self._script.run(self._redis, _places(conversation), "recall")
        vault = self._seal.open(sealed, place) if sealed else None
        exchanges = tuple(map(_exchange, orjson.loads(lines)))
        return Conversation(conversation, exchanges, Vault.from_json(vault) if vault else Vault(), int(epoch or 0))

    async def remember(self, talk: Conversation, asked: Asked, record: Record, message_id: str) -> bool:
        """Keeps an exchange, the vault, the record for review and which message shows it, in one round trip.

        False if the conversation was taken over or partly erased since it was recalled: then the exchange is dropped.
        """
        at = self._clock()
        said = (record.question, record.text, record.trace_id, record.read)
        exchange = Exchange(asked.key, at, asked.person, asked.messages, *said)
        place = keys.state(talk.id)
        vault = _pruned(talk.vault, [*talk.exchanges[1 - keys.EXCHANGES :], exchange])
        sealed = self._seal.close(vault.to_json(), place)
        beginning = orjson.dumps({"key": asked.key})[:-1]
        fields = (asked.fence, talk.epoch, beginning, orjson.dumps(exchange), sealed)
        bounds = (keys.EXCHANGES, keys.CONVERSATION_SECONDS)
        answer = (f"{message_id}\n{record.trace_id}", keys.ANSWER_SECONDS, *asked.messages)
        arguments: Any = ("remember", *fields, *bounds, *answer)
        with state():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.eval(
                    self._script.text, 2, *_places(talk.id), *arguments
                )  # a cluster's pipeline takes no hash of a script
                if message_id:  # none where the platform reached nobody
                    pipe.set(
                        keys.answer(message_id),
                        orjson.dumps(replace(record, at=at, person=asked.person)),
                        ex=keys.ANSWER_SECONDS,
                    )
                if (await pipe.execute())[0]:
                    return True
            await self._redis.delete(keys.answer(message_id))
        return False

    async def erase(self, conversation: str, message_id: str, *, running: bool = False) -> None:
        """Erases what was asked in a message, its answer, and the values that only they held.

        With `running` it may be being answered: then that answer will not be remembered.
        """
        place = keys.state(conversation)
        for _ in range(ERASE_TRIES):
            talk = await self.recall(conversation)
            kept = [one for one in talk.exchanges if message_id not in one.messages]
            with state():
                answer = await cast(Any, self._redis.get(keys.asked(conversation, message_id)))
            if len(kept) == len(talk.exchanges) and not running and not answer:
                return
            await self._forget_answers([answer] if answer else [])  # first, or nothing would lead there on a second try
            sealed = self._seal.close(_pruned(talk.vault, kept).to_json(), place)
            bounds = (talk.epoch, message_id, sealed, keys.CONVERSATION_SECONDS)
            if await self._script.run(self._redis, _places(conversation), "erase", *bounds):
                return

    async def redact(self, conversation: str, gone: frozenset[str]) -> int:
        """Erases the answers that were made from documents that are gone, and the values that only they held.

        The questions stay. How many answers there were.
        """
        place = keys.state(conversation)
        for _ in range(ERASE_TRIES):
            talk = await self.recall(conversation)
            quoting = [one for one in talk.exchanges if not gone.isdisjoint(one.read or ())]
            if not quoting:
                return 0
            redacted = [replace(one, answer="", read=None) for one in quoting]
            rest = [one for one in talk.exchanges if one not in quoting]
            sealed = self._seal.close(_pruned(talk.vault, [*rest, *redacted]).to_json(), place)
            pairs = [part for one in redacted for part in (orjson.dumps({"key": one.key})[:-1], orjson.dumps(one))]
            bounds = (talk.epoch, sealed, keys.CONVERSATION_SECONDS)
            if await self._script.run(self._redis, _places(conversation), "swap", *bounds, *pairs):
                return len(quoting)
        return 0

    async def reset(self, place: str, running: Iterable[str] = ()) -> int:
        """Forgets a conversation, or all that begin with `place:`, and their answers; how many there were.

        Answers that are `running` there will not be remembered.
        """
        every = place.endswith(":")
        conversations = (
            {keys.conversation_of(key) for key in await self._found(keys.exchanges, place)} if every else {place}
        )
        answers = []
        with state():
            for key in await self._found(lambda conversation: keys.asked(conversation, "*"), place):
                answers.append(await cast(Any, self._redis.getdel(key)))
        await self._forget_answers(filter(None, answers))
        seconds = keys.CONVERSATION_SECONDS
        runs = [
            await self._script.run(self._redis, _places(one), "reset", seconds) for one in conversations.union(running)
        ]
        return sum(map(int, runs))

    async def _found(self, name: Callable[[str], str], place: str) -> list[str]:
        """The keys of that name of a conversation, or of all that begin with `place:`."""
        pattern = name(_literal(place) + ("*" if place.endswith(":") else ""))
        with state():
            return [key.decode() async for key in self._redis.scan_iter(pattern, count=1000)]

    async def judge(self, feedback: Feedback) -> Case | None:
        """Stores, changes or takes back a person's verdict, and why; None if the message is no answer of ours."""
        case, trace_id = await self._answer(feedback.message_id)
        if case is None:
            return None
        place, person = keys.feedback(trace_id), feedback.person.id
        why = {name: getattr(feedback, name) for name in ("reason", "comment", "document")}
        said: dict[str, str | bytes] = {person: feedback.verdict}
        if any(why.values()):
            said[f"{person} why"] = orjson.dumps(why)
        with state():
            again = await cast(Any, self._redis.hget(place, person)) == feedback.verdict.encode()
            if again == feedback.removed:  # taken back, or another verdict, which the reasons do not fit
                await cast(Any, self._redis.hdel(place, person, f"{person} why"))
            if not feedback.removed:
                await cast(Any, self._redis.hset(place, mapping=cast(Any, said)))
                await self._redis.expire(place, keys.ANSWER_SECONDS)
        return case

    async def latest(self, conversation: str) -> str:
        """The message that shows the last answer of a conversation; empty if there is none."""
        exchanges = (await self.recall(conversation)).exchanges
        if not exchanges or not exchanges[-1].messages:
            return ""
        with state():
            shown = await cast(Any, self._redis.get(keys.asked(conversation, exchanges[-1].messages[-1])))
        return shown.decode().rpartition("\n")[0] if shown else ""

    async def case(self, message_id: str) -> Case | None:
        """The masked question and answer that a message shows; None if it is no answer of ours."""
        return (await self._answer(message_id))[0]

    async def shown_too(self, conversation: str, message_id: str, other: str) -> None:
        """The answer to a message is shown by another one as well: verdicts on either are one's."""
        with state():
            answer = await cast(Any, self._redis.get(keys.asked(conversation, message_id)))
            shown = answer.decode().rpartition("\n")[0] if answer else ""
            record = await cast(Any, self._redis.get(keys.answer(shown)))
            if record is not None:
                await self._redis.set(keys.answer(other), record, ex=keys.ANSWER_SECONDS)

    async def _answer(self, message_id: str) -> tuple[Case | None, str]:
        """What an answer says, and its trace id."""
        with state():
            stored = await cast(Any, self._redis.get(keys.answer(message_id)))
        if stored is None:
            return None, ""
        record = orjson.loads(stored)
        read = tuple(record.get("read", record["sources"]))
        return Case(record["question"], record["text"], tuple(record["sources"]), read), record["trace_id"]

    async def seen(self, identifier: str) -> bool:
        """Whether an event was followed already."""
        with state():
            return bool(await self._redis.exists(keys.seen(identifier)))

    async def see(self, identifier: str) -> None:
        """Notes that an event was followed."""
        with state():
            await self._redis.set(keys.seen(identifier), 1, ex=keys.SEEN_SECONDS)

    async def _forget_answers(self, answers: Iterable[bytes]) -> None:
        """Deletes records and verdicts; each answer is named by the message that shows it and its trace id."""
        with state():
            for answer in answers:
                shown, _, trace_id = answer.decode().rpartition("\n")
                await self._redis.delete(keys.answer(shown))
                await self._redis.delete(keys.feedback(trace_id))


_FIELDS: Final = frozenset(Exchange.__slots__)  # a newer release may have written more


def _exchange(fields: dict[str, Any]) -> Exchange:
    fields["messages"] = tuple(fields["messages"])
    fields["read"] = None if fields.get("read") is None else tuple(fields["read"])
    return Exchange(**{name: value for name, value in fields.items() if name in _FIELDS})


def _pruned(vault: Vault, kept: list[Exchange]) -> Vault:
    """The vault with the values alone that what is kept speaks of."""
    if not vault:
        return vault
    texts = [text for one in kept for text in (one.question, one.answer)]
    return vault.only({match[0] for text in texts for match in PLACEHOLDER.finditer(text)})


def _places(conversation: str) -> tuple[str, str]:
    """Both keys, so that a cluster that moves them tells us to try again."""
    return keys.state(conversation), keys.exchanges(conversation)


def _literal(text: str) -> str:
    """Text as a pattern of Redis that means itself."""
    return "".join(f"\\{char}" if char in "*?[]\\^" else char for char in text)
