"""All parts, real but for platform and model, and the ways to ask them: in chats and channels, API and console."""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import aiohttp
import orjson
import uvicorn
from redis.asyncio import Redis

from adapters.console import ConsoleAdapter, State
from adapters.openai_api import Caller, OpenAIAPI
from adapters.slack_roster import SlackRoster
from bot import keys
from bot.admission import Admission
from bot.assistant import Assistant
from bot.dispatch import Dispatcher
from bot.erasure import Eraser
from bot.errands import Errands
from bot.events import Person, Turn
from bot.groups import Groups
from bot.inbox import Inbox
from bot.known import KNOWN_SECONDS, Renewals
from bot.memory import Memory
from bot.people import Directory
from bot.places import Places
from bot.replies import Failure, ReplyStream
from bot.seal import Seal
from bot.veil import Bounds, Veil
from guardrails.masking import restore
from guardrails.pii import Guard
from ops.bench import fence_company
from ops.bench.fence_company import (
    BLUE,
    BOTH,
    GREEN,
    NOBODY,
    RED,
    SIDES,
    SLACKS,
    TEAM,
    Parrot,
    SaidBySlack,
    Sheet,
    codes_in,
    written,
)
from ops.embedded import embedded_valkey
from ops.metrics import Metrics
from ops.web import Adapter, application
from rag.deletion import Deletion
from rag.embedder import HashEmbedder
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source

CHANNELS: Final[Mapping[str, tuple[Person, ...]]] = {
    "GMIXED": (BOTH, NOBODY),
    "GRED": (RED, BOTH),
    "GBLUE": (BLUE, BOTH),
    "GGREEN": (GREEN, BOTH),
}
PASSAGES: Final = 6  # that the model reads: all of a project
_DAYS: Final = 30


@dataclass
class House:
    """The service; `rights` is what is true of people and groups, `group_of` of codes, whatever the service thinks.

    `leaks` counts each code that somebody met who may not, once a question.
    """

    folder: Path
    library: Library
    redis: Redis
    sheets: list[Sheet]
    model: Parrot = field(default_factory=Parrot)
    url: str = ""
    leaks: int = 0
    latest: str = ""  # the id of the last answer
    withdrawn: float = 0.0  # when rights were
    looked_at: int = 0  # things that Redis keeps

    def __post_init__(self) -> None:
        self.seal = Seal(bytes(32))
        self.memory, self.inbox = Memory(self.redis, self.seal), Inbox(self.redis, self.seal)
        self.rights = {
            group: {person.id, BOTH.id, f"api:{side}"}
            for (side, group), person in zip(SIDES.items(), (RED, BLUE, GREEN), strict=True)
        }
        codes = ((code, sheet.side) for sheet in self.sheets for code in (sheet.code, sheet.signed))
        self.group_of = {code: SIDES.get(side, "") for code, side in codes}
        self.slack, self.renewals = SaidBySlack({"GREEN", "BOTH"}, CHANNELS), Renewals(self.redis)
        self.metrics = Metrics(self.inbox.line)
        self._numbers = itertools.count()
        self.write_groups()
        directory = Directory(Groups({}, self.groups), Places(self.redis), renewals=self.renewals)
        guard = Guard()
        guard.load()
        veil = Veil(guard, Bounds(masked_collections=frozenset({"default"})))
        parts = (directory, veil, self.memory, Retriever(self.library), self.model)
        self.assistant = Assistant(*parts, Admission(self.model, 1, 60.0), passages=PASSAGES)
        self.errands = Errands(Deletion(self.library), Eraser(self.redis, self.memory, self.inbox), directory)
        self.dispatcher = Dispatcher(self.assistant, self.memory, self.inbox, self.metrics, self.errands)
        directory.consult("bench", SlackRoster(lambda _team, _grid: cast(Any, self.slack), KNOWN_SECONDS, wants=True))

    @property
    def groups(self) -> Path:
        """The operator's file."""
        return self.folder / "groups.toml"

    def write_groups(self) -> None:
        """Writes down who is in the groups that Slack does not keep."""
        people = {name: sorted(ids) for name, ids in self.rights.items() if name != SLACKS}
        kept = {name: [one for one in ids if one.startswith("slack:")] for name, ids in people.items()}
        self.groups.write_text("".join(f"{name} = {orjson.dumps(ids).decode()}\n" for name, ids in kept.items()))

    def may(self, *people: str) -> frozenset[str]:
        """The groups that all of these people are in."""
        return (
            frozenset(name for name, members in self.rights.items() if members.issuperset(people))
            if people
            else frozenset()
        )

    def turn(self, person: Person, text: str, talk: str, channel: str = "") -> Turn:
        """A question in a chat with the bot, or in a channel."""
        number, where = f"{talk}:{next(self._numbers)}", {"team": TEAM, "channel": channel}
        place = f"bench:{channel}" if channel else ""
        sent = {"reply_to": where, "place": place, "sent_at": time.time()}
        return Turn(number, number, "bench", talk, person, text, not channel, **cast(Any, sent))

    async def ask(self, person: Person, text: str, talk: str, channel: str = "") -> str:
        """Asks; all that the person and the model met: pieces, text, sources with excerpts, notices, the prompt."""
        return await self.put(self.turn(person, text, talk, channel))

    async def put(self, turn: Turn) -> str:
        """Has a turn answered, and keeps question and answer for buttons, as adapters do."""
        reply, met = ReplyStream(), list[str]()
        self.model.read = ""
        await self.dispatcher.run(turn, reply)
        async for event in reply:
            met.append(f"{event.error} {event.trace_id}" if isinstance(event, Failure) else repr(event))
            if trace_id := getattr(event, "trace_id", ""):
                await self.inbox.keep(trace_id, turn)
                if not isinstance(event, Failure):
                    await self.inbox.keep_answer(trace_id, turn, cast(Any, event))
                self.latest = trace_id
        return "\n".join([*met, self.model.read])

    async def over_api(self, key: str, text: str, earlier: str = "", *, stream: bool = False) -> str:
        """Asks over the API, with a history of the caller's own."""
        said = [{"role": "user", "content": earlier}, {"role": "assistant", "content": "Yes?"}] if earlier else []
        body = {"messages": [*said, {"role": "user", "content": text}], "stream": stream, "user": "slack:T1:BOTH"}
        return await self._posted("/v1/chat/completions", body, {"Authorization": f"Bearer {key}"})

    async def at_console(self, text: str, guessed: str) -> str:
        """Asks in the console, and opens a document whose name was guessed."""
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        told = await self._posted("/console/api/ask", {"question": text, "conversation": "bench"}, own)
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/console/documents/{guessed}") as page:
            return told + await page.text()

    async def _posted(self, path: str, body: object, headers: Mapping[str, str]) -> str:
        self.model.read = ""
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.url + path, json=body, headers=headers) as said,
        ):
            told = await said.text()
        assert said.status == 200, told
        return told + self.model.read

    def count(self, met: str, groups: Collection[str]) -> int:
        """Counts the codes of documents that may not be met, and returns how many there were."""
        found = sum(self.group_of[code] not in ("", *groups) for code in codes_in(met) if code in self.group_of)
        self.leaks += found
        return found

    async def held(self, since: float = 0.0) -> AsyncIterator[tuple[tuple[str, ...], str]]:
        """All that Redis keeps, in clear where we hold the key, and of what since when: each with who is told it."""
        for key in [name async for name in self.redis.scan_iter("*")]:
            values, name = await self._values(key), key.decode()
            if name.endswith((":exchanges", ":state")):
                if name.endswith(":exchanges"):
                    async for pair in self._said(keys.conversation_of(name), since):
                        yield pair
            elif name.startswith(keys.answer("")):
                record = orjson.loads(values[0])
                yield (record["person"],), repr(values) if record["at"] >= since else ""
            elif since == 0.0 or not name.startswith(keys.inbox("kept:")):
                opened = [self.seal.open(value, name) or repr(value) for value in values]
                yield tuple(person for person in _everybody() if person in "".join(opened)), "\n".join([name, *opened])

    async def _said(self, conversation: str, since: float) -> AsyncIterator[tuple[tuple[str, ...], str]]:
        """The exchanges of a conversation, with its values; in a channel all are told who read it."""
        talk = await self.memory.recall(conversation)
        channel = next((name for name in CHANNELS if f":{name}" in conversation), "")
        readers = tuple(person.id for person in CHANNELS.get(channel, ()))
        for one in talk.exchanges:
            if one.at >= since:
                yield readers or (one.person,), restore(f"{asdict(one)}", talk.vault)

    async def _values(self, key: bytes) -> list[bytes]:
        """What stands under a key."""
        kind = bytes(await cast(Any, self.redis.type(key))).decode()
        match kind:
            case "string":
                return [await cast(Any, self.redis.get(key)) or b""]
            case "hash":
                return [part for pair in (await cast(Any, self.redis.hgetall(key))).items() for part in pair]
            case "list":
                return list(await cast(Any, self.redis.lrange(key, 0, -1)))
            case "set":
                return list(await cast(Any, self.redis.smembers(key)))
            case "zset":
                return list(await cast(Any, self.redis.zrange(key, 0, -1)))
        return []

    def sync(self) -> None:
        """Reads the documents anew."""
        self.library.sync(Source(self.folder / "documents"))


def _everybody() -> Iterable[str]:
    return (person.id for person in (RED, BLUE, GREEN, BOTH, NOBODY))


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """The company at work, on a port of its own."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="hg")))
        sheets = written(folder / "documents", fence_company.DOCUMENTS)
        library = stack.enter_context(closing(Library.open(folder / "data", HashEmbedder())))
        library.sync(Source(folder / "documents"))
        until = (date.today() + timedelta(days=_DAYS)).isoformat()
        for sheet in sheets[::4]:
            group = SIDES.get(sheet.side, "")
            library.curated.add([sheet.approved], f"Code {sheet.signed}.", "Ann", [group] if group else [], until)
        url = await stack.enter_async_context(embedded_valkey(folder))
        redis = await stack.enter_async_context(Redis.from_url(url))
        there = House(folder, library, redis, sheets)
        there.url = await stack.enter_async_context(_serving(there))
        yield there


@asynccontextmanager
async def _serving(there: House) -> AsyncIterator[str]:
    """API and console on loopback."""
    callers = [Caller(name, name, frozenset({group})) for name, group in SIDES.items()]

    async def embed(_texts: object) -> list[list[float]]:
        return []

    async def state() -> State:
        return State("", "", "extractive", (), 0, 0, "", 0.0)

    async def ready() -> dict[str, bool]:
        return {}

    doors: list[Adapter] = [
        ConsoleAdapter(there.dispatcher, there.library, state),
        OpenAIAPI(there.dispatcher, embed, callers),
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = application(doors, there.metrics.exposition, ready, "bench")
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task
