"""What one turn costs in Redis: the client's CPU for loading and saving its state, and every round trip by kind."""

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import click
import orjson
from redis.asyncio import Redis
from redis.asyncio.connection import ConnectionPool, UnixDomainSocketConnection

from bot import keys
from bot.admission import Admission
from bot.answers import Answer
from bot.assistant import Assistant
from bot.dispatch import Dispatcher
from bot.errors import HausgeistError
from bot.events import Person, Turn
from bot.inbox import Inbox
from bot.memory import Asked, Exchange, Memory, Record
from bot.model import ExtractiveModel
from bot.people import Directory
from bot.seal import Seal
from bot.ticket import Ticket
from bot.trace import Trace
from bot.veil import Veil
from bot.worker import Worker
from guardrails.masking import Vault
from guardrails.pii import Guard
from ops.embedded import embedded_valkey
from rag.passages import Hit, Passage

QUESTION: Final = "How many days of holiday does <PERSON_1> have in her second year, and when do they expire?"
ANSWER: Final = (
    "Everybody has 25 days of holiday a year. They expire at the end of March of the year that follows, "
    "unless the manager has agreed in writing to something else. [1]"
)
EARLIER: Final = 10  # exchanges that stand in the conversation
TURNS_A_BLOCK: Final = 25
OF_A_TURN: Final = ("accept", "take", "recall", "remember", "record", "settle")


async def run_state(blocks: int = 40, turns: int = 20) -> tuple[float, dict[str, float]]:
    """Prints and returns both; the CPU as its ratio to that of seven separate awaits."""
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        async with embedded_valkey(Path(folder)) as url:
            ratio = await _cpu(url, blocks)
            trips = await _count(url, turns)
    click.echo(f"name=state-trips ratio={trips['recall'] + trips['remember']:.2f}")
    click.echo(f"name=state ratio={ratio:.2f}")
    return ratio, trips


async def _cpu(url: str, blocks: int) -> float:
    """Both ways in turns, block by block, so that whatever else the machine does falls on both alike."""
    async with Redis.from_url(url) as redis:
        ways = {"ours": _ours(redis), "seven": _seven(redis)}
        for way in ways.values():
            await _repeat(way, EARLIER)
        spent = dict.fromkeys(ways, 0.0)
        for _ in range(blocks):
            for name, way in ways.items():
                begun = time.process_time()
                await _repeat(way, TURNS_A_BLOCK)
                spent[name] += time.process_time() - begun
                await redis.ltrim(keys.exchanges(name), -EARLIER, -1)
    each = {name: seconds / blocks / TURNS_A_BLOCK * 1e6 for name, seconds in spent.items()}
    click.echo(f"client CPU of a turn's state: {each['ours']:.0f} µs; with seven awaits {each['seven']:.0f} µs")
    return each["ours"] / each["seven"]


async def _repeat(way: Callable[[int], Awaitable[None]], times: int) -> None:
    for number in range(times):
        await way(number)


def _ours(redis: Redis) -> Callable[[int], Awaitable[None]]:
    memory = Memory(redis, Seal(bytes(32)))

    async def turn(number: int) -> None:
        talk = await memory.recall("ours")
        asked = Asked(f"m{number}", (f"m{number}",), "slack:T1:U1", "1")
        if not await memory.remember(talk, asked, _record(number), f"posted-{number}"):
            raise OSError("the exchange was not kept")

    return turn


def _seven(redis: Redis) -> Callable[[int], Awaitable[None]]:
    """The same data, one command after the other, as it would be written without thought."""
    client, seal = cast(Any, redis), Seal(bytes(32))
    place, exchanges = keys.state("seven"), keys.exchanges("seven")

    async def turn(number: int) -> None:
        lines = await client.lrange(exchanges, 0, -1)
        [Exchange(**orjson.loads(line)) for line in lines]
        sealed = await client.hget(place, "vault")
        known = seal.open(sealed, place) if sealed else None
        vault = Vault.from_json(known) if known else Vault()
        record = _record(number)
        message = (f"m{number}",)
        exchange = Exchange(message[0], time.time(), "slack:T1:U1", message, record.question, record.text, "")
        await client.rpush(exchanges, orjson.dumps(exchange))
        await client.ltrim(exchanges, -keys.EXCHANGES, -1)
        await client.hset(place, "vault", seal.close(vault.to_json(), place))
        await client.set(keys.answer(f"posted-{number}"), orjson.dumps(record), ex=keys.ANSWER_SECONDS)
        await client.expire(exchanges, keys.CONVERSATION_SECONDS)

    return turn


def _record(number: int) -> Record:
    return Record(f"{number:016x}", QUESTION, ANSWER, False, ("hr/leave.md",), "bench")


async def _count(url: str, turns: int) -> dict[str, float]:
    """Sends turns through inbox, worker and memory; what went to Redis and came back for each."""
    trips: Counter[str] = Counter()
    async with _house(_counting(url, trips)) as house:
        await house.ask(0)  # the scripts are known to the server from here on
        trips.clear()
        begun = time.monotonic()
        for number in range(1, turns + 1):
            await house.ask(number)
        seconds = time.monotonic() - begun
    each = {kind: trips.pop(kind, 0) / turns for kind in OF_A_TURN}
    click.echo("round trips of a turn: " + _listed(each.items(), ".2g"))
    click.echo(f"of the worker besides, in {seconds:.1f} s: " + _listed(trips.items(), "d"))
    return each


def _listed(counts: Iterable[tuple[str, float]], form: str) -> str:
    return ", ".join(f"{kind} {count:{form}}" for kind, count in counts)


def _counting(url: str, trips: Counter[str]) -> Redis:
    class Counting(UnixDomainSocketConnection):
        async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
            trips[_kind(command)] += 1
            await super().send_packed_command(command, check_health)

    path = url.removeprefix("unix://")
    return Redis.from_pool(ConnectionPool(connection_class=Counting, path=path))


def _kind(command: bytes | Iterable[bytes]) -> str:
    """The operation of a script, else the command; of a pipeline the first, for it is one trip."""
    words = (command if isinstance(command, bytes) else b"".join(command)).split(b"\r\n", 16)[2::2]
    operation = 3 + int(words[2]) if words[0] in (b"EVALSHA", b"EVAL") else 0  # behind the script's keys
    return words[operation].decode().lower()


class _Shown:
    """A reply that posts one message at once and finishes it."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket

    async def waiting(self, text: str) -> None: ...

    async def status(self, text: str) -> None:  # noqa: ARG002
        if not self._ticket.posted:
            await self._ticket.record("posted")

    async def write(self, piece: str) -> None: ...

    async def finish(self, answer: Answer) -> str:  # noqa: ARG002
        return "posted"

    async def fail(self, error: HausgeistError, trace_id: str) -> None:  # noqa: ARG002
        raise error


class _Book:
    """A journal that keeps nothing, but tells when a turn is done with."""

    def __init__(self) -> None:
        self.done = asyncio.Event()

    def record(self, trace: Trace) -> None:  # noqa: ARG002
        self.done.set()


class _OnePassage:
    """All that the company knows."""

    async def search(self, *_: object, **__: object) -> list[Hit]:
        return [Hit(Passage("leave.md#1", "leave.md", "Leave", "", "Everybody has 25 days of holiday a year."), 1.0)]

    async def holds_more(self, groups: frozenset[str], than: frozenset[str], collections: Collection[str]) -> bool:  # noqa: ARG002
        return False

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:  # noqa: ARG002
        return frozenset(doc_ids)


@dataclass(slots=True)
class _House:
    """What takes questions, and what tells when they are answered."""

    dispatcher: Dispatcher
    book: _Book

    async def ask(self, number: int) -> None:
        """Asks, and waits until nothing is left of it in the inbox."""
        self.book.done.clear()
        person = Person(f"bench:U{number}", "")
        text = "How many days of holiday does everybody have in a year?"
        turn = Turn(f"Ev{number}", f"m{number}", "bench", f"bench:D{number}", person, text, private=True)
        await self.dispatcher.accept(turn)
        await self.book.done.wait()


@asynccontextmanager
async def _house(redis: Redis) -> AsyncIterator[_House]:
    guard, model, seal, book = Guard(), ExtractiveModel(), Seal(bytes(32)), _Book()
    await asyncio.to_thread(guard.load)
    memory, inbox = Memory(redis, seal), Inbox(redis, seal)
    assistant = Assistant(Directory(), Veil(guard), memory, _OnePassage(), model, Admission(model, 1, 60.0))
    dispatcher = Dispatcher(assistant, memory, inbox, book)
    dispatcher.register("bench", lambda _, ticket: _Shown(ticket))
    working = asyncio.create_task(Worker(inbox, dispatcher, book, slots=4).run())
    try:
        yield _House(dispatcher, book)
    finally:
        working.cancel()
        await asyncio.wait([working])
        guard.close()
        await redis.aclose()
