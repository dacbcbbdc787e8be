"""A bot in Teams with everything real but Microsoft, which is played on loopback, and the assistant, which is fixed."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from adapters.teams import TeamsAdapter
from adapters.teams_options import TeamsOptions
from adapters.teams_sdk import TeamsBot
from bot.answers import Answer, Reply, Source
from bot.dispatch import Dispatcher
from bot.errors import IndexDown, StateDown
from bot.events import Case, Event, Receipt, Turn
from bot.ticket import FreeTicket, Ticket
from tests.teams import standin
from tests.teams.desk import Desk
from tests.teams.sealing import SEAL

ANSWER = Answer(
    text="You have **25 days** [1], agreed with your lead [2].",
    trace_id="trace-1",
    sources=(
        Source(
            1,
            "hr/holidays.md",
            "Holidays",
            "Everyone has 25 days a year.",
            "https://wiki.example/hr(1)",
            "HR",
            "2026-01-01",
        ),
        Source(2, "hr/leads.md", "Leads", "Your lead agrees.", "/documents/hr/leads.md"),
    ),
    masked=("EMAIL_ADDRESS", "PERSON"),
)


class FixedDispatcher(Dispatcher):
    """Records what it accepts, and answers it when the test says so, always the same."""

    def __init__(self) -> None:
        self.accepted: list[Event] = []
        self.answer = ANSWER
        self.receipt = Receipt()
        self.down = False
        self.cases: dict[str, Case] = {}
        self.newest: dict[str, str] = {}
        self.found: list[Source] = []
        self.owned: list[str] = []
        self.told: set[str] = set()
        self.hangs = asyncio.Event()
        self.hangs.set()
        self.names: list[str] = []
        self._replies: dict[str, Callable[[Turn, Ticket], Reply]] = {}

    def register(self, platform: str, open_reply: Callable[[Turn, Ticket], Reply], *_: Any, **__: Any) -> None:
        self._replies[platform] = open_reply

    async def accept(self, event: Event) -> Receipt:
        if self.down:
            raise StateDown("Redis does not answer.")
        await self.hangs.wait()
        self.accepted.append(event)
        return self.receipt

    async def case(self, message_id: str) -> Case | None:
        if self.down:
            raise StateDown("Redis does not answer.")
        return self.cases.get(message_id)

    async def look_up(self, text: str, most: int = 8) -> list[Source]:
        if self.down:
            raise IndexDown("I cannot search the documents at the moment.")
        return self.found[:most]

    async def own(self, conversation: str) -> None:
        self.owned.append(conversation)

    async def latest(self, conversation: str) -> str:
        if self.down:
            raise StateDown("Redis does not answer.")
        return self.newest.get(conversation, "")

    async def first(self, identifier: str) -> bool:
        if self.down:
            raise StateDown("Redis does not answer.")
        new = identifier not in self.told
        self.told.add(identifier)
        return new

    async def answer_all(self) -> None:
        """Answers every turn so far; `names` are what later feedback will call the answers."""
        for event in self.accepted:
            if isinstance(event, Turn):
                self.names.append(await self.reply_to(event).finish(self.answer))

    def reply_to(self, turn: Turn, ticket: Ticket | None = None) -> Reply:
        return self._replies[turn.platform](turn, ticket or FreeTicket())

    @property
    def turn(self) -> Turn:
        """The one turn that was accepted."""
        (turn,) = self.accepted
        assert isinstance(turn, Turn)
        return turn


class Teams:
    """What a test holds: the bot's door, the dispatcher behind it, and Microsoft around it."""

    def __init__(self, adapter: TeamsAdapter, dispatcher: FixedDispatcher, microsoft: standin.Microsoft) -> None:
        self.dispatcher = dispatcher
        self.sign_in = microsoft.sign_in
        self.connector = microsoft.connector
        transport = httpx.ASGITransport(Starlette(routes=adapter.routes()))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")

    async def post(self, body: object, token: str | None = None, **headers: str) -> httpx.Response:
        """Calls the bot as Teams does: with a good token unless told otherwise; `token=""` sends none."""
        token = self.sign_in.token() if token is None else token
        content = body if isinstance(body, str) else json.dumps(body)
        usual = {"content-type": "application/json", **({"authorization": f"Bearer {token}"} if token else {})}
        return await self.client.post("/api/messages", content=content, headers={**usual, **headers})


async def until(true: Callable[[], object]) -> None:
    """Waits for something to become true; the test's own limit ends it."""
    while not true():
        await asyncio.sleep(0.01)


def payload(name: str, /, **changes: Any) -> dict[str, Any]:
    """A recorded activity, with some of its top-level values changed."""
    recorded: dict[str, Any] = json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text())
    return {**recorded, **changes}


@pytest.fixture
async def microsoft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[standin.Microsoft]:
    for name in ("HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with standin.microsoft(tmp_path) as played:
        for name, value in played.environment.items():
            monkeypatch.delenv(name.lower(), raising=False)
            monkeypatch.setenv(name, value)
        yield played


@pytest.fixture
async def teams(microsoft: standin.Microsoft) -> AsyncIterator[Teams]:
    dispatcher = FixedDispatcher()
    adapter = TeamsAdapter(
        dispatcher,
        app_id=standin.APP_ID,
        app_password=standin.PASSWORD,
        tenant_id=standin.TENANT,
        options=TeamsOptions(seal=SEAL),
    )
    await adapter.start()
    running = Teams(adapter, dispatcher, microsoft)
    yield running
    await running.client.aclose()
    await adapter.stop()


@pytest.fixture
async def bot() -> AsyncIterator[TeamsBot]:
    bot = TeamsBot(standin.APP_ID, standin.PASSWORD, standin.TENANT, "SingleTenant")
    yield bot
    await bot.close()


@pytest.fixture
async def desk(teams: Teams, bot: TeamsBot) -> Desk:
    """Someone asked in a group chat, where answers are edited in."""
    await teams.post(payload("group_chat_mention"))
    return Desk(teams.connector, teams.dispatcher.turn, bot)


@pytest.fixture
async def chat(teams: Teams, bot: TeamsBot) -> Desk:
    """Someone asked in a personal chat, where answers are streamed."""
    await teams.post(payload("personal_message"))
    return Desk(teams.connector, teams.dispatcher.turn, bot)
