"""What the assistant remembers, in Redis: transcripts (masked), vaults (sealed), answers and what people think of them.

Every write is idempotent; every key has its time to live in `bot/keys.py`.
"""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from bot import keys
from bot.errors import StateDown
from bot.events import Feedback, Message
from bot.seal import Seal
from guardrails.masking import Vault


@dataclass(slots=True)
class Conversation:
    """A conversation as remembered: masked messages, and the vault that can restore them."""

    id: str
    messages: tuple[Message, ...]
    vault: Vault


@dataclass(frozen=True, slots=True)
class Record:
    """An answer as kept for review; question and text are masked."""

    trace_id: str
    question: str
    text: str
    refused: bool
    sources: tuple[str, ...]
    model: str


class Memory:
    """The one place that talks to Redis; raises StateDown when it does not answer."""

    def __init__(self, redis: Redis, seal: Seal) -> None:
        self._redis = redis
        self._seal = seal

    async def first_time(self, *identifiers: str) -> bool:
        """Marks the identifiers as seen, all at once; True if none of them was."""
        mark = secrets.token_bytes(8)  # a try repeated after a lost connection finds its own mark, and counts as first
        with _state():
            async with self._redis.pipeline(transaction=True) as pipe:
                for identifier in dict.fromkeys(identifiers):
                    pipe.set(keys.seen(identifier), mark, nx=True, get=True, ex=keys.SEEN_SECONDS)
                return all(earlier in (None, mark) for earlier in await pipe.execute())

    async def recall(self, conversation: str) -> Conversation:
        """The conversation so far; an unknown one is empty."""
        place = keys.vault(conversation)
        with _state():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zrange(keys.transcript(conversation), 0, -1)
                pipe.get(place)
                lines, sealed = await pipe.execute()
        vault = self._seal.open(sealed, place) if sealed else None
        messages = tuple(Message(role, text) for _, role, text in map(orjson.loads, lines))
        return Conversation(conversation, messages, Vault.from_json(vault) if vault else Vault())

    async def remember(self, conversation: Conversation, record: Record) -> None:
        """Adds a masked question and answer to the transcript, seals the vault, keeps the record for review."""
        talk, place = keys.transcript(conversation.id), keys.vault(conversation.id)
        lines = {orjson.dumps((record.trace_id, role, text)): at for at, role, text in _exchange(record)}
        sealed = self._seal.close(conversation.vault.to_json(), place)
        with _state():
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zadd(talk, lines)
                pipe.zremrangebyrank(talk, 0, -keys.TRANSCRIPT_LENGTH - 1)
                pipe.expire(talk, keys.CONVERSATION_SECONDS)
                pipe.set(place, sealed, ex=keys.CONVERSATION_SECONDS)
                pipe.set(keys.answer(record.trace_id), orjson.dumps(asdict(record)), ex=keys.ANSWER_SECONDS)
                await pipe.execute()

    async def link(self, message_id: str, trace_id: str) -> None:
        """Notes that the platform's message `message_id` shows the answer `trace_id`."""
        with _state():
            await self._redis.set(keys.posted(message_id), trace_id, ex=keys.ANSWER_SECONDS)

    async def judge(self, feedback: Feedback) -> bool:
        """Stores, changes or takes back a person's verdict; False if the message is no answer of ours."""
        with _state():
            trace_id: bytes | None = await self._redis.get(keys.posted(feedback.message_id))  # type: ignore[assignment]  # the client decodes nothing
            if trace_id is None:
                return False
            place = keys.feedback(trace_id.decode())
            if not feedback.removed:
                await self._redis.hset(place, feedback.person.id, feedback.verdict)
                await self._redis.expire(place, keys.ANSWER_SECONDS)
            elif await self._redis.hget(place, feedback.person.id) == feedback.verdict.encode():
                await self._redis.hdel(place, feedback.person.id)
        return True


def _exchange(record: Record) -> tuple[tuple[float, str, str], tuple[float, str, str]]:
    """Question and answer with the time that orders them."""
    now = time.time()
    return (now, "user", record.question), (now + 1e-6, "assistant", record.text)


@contextmanager
def _state() -> Iterator[None]:
    try:
        yield
    except (RedisError, OSError) as error:
        raise StateDown("My memory does not answer at the moment. Please ask again in a minute.") from error
