"""A company whose Teams is played on loopback: one replica of ours or two, all real but Microsoft and the model."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any, Final, cast
from urllib.parse import quote

import httpx
from aiohttp import web
from redis.asyncio import Redis
from starlette.applications import Starlette

from adapters.teams import TeamsAdapter
from adapters.teams_options import TeamsOptions
from bot.inbox import LEASE_SECONDS
from bot.pace import Pace, SharedPace
from bot.people import Directory
from bot.places import Places
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, Shift, working
from tests.bot.knowing import Knowing
from tests.teams import standin
from tests.teams.sealing import SEAL

Activity = dict[str, Any]

CHANNEL: Final = "19:general@thread.tacv2"
TEAM: Final = "19:team@thread.tacv2"
HELPDESK: Final = "19:helpdesk@thread.tacv2"
US: Final = {"id": f"28:{standin.APP_ID}", "name": "Hausgeist"}
MENTION: Final = "<at>Hausgeist</at>"
SHAREPOINT: Final = "rheinwerk.sharepoint.com"
TRIES: Final = 3  # deliveries of what is not taken


@dataclass(frozen=True)
class Colleague:
    """A person in Teams, or a bot."""

    name: str
    role: str = "user"

    @property
    def account(self) -> Mapping[str, str]:
        """How Teams names them in an activity."""
        if self.role == "bot":
            return {"id": f"28:{self.name}", "name": self.name.title()}
        return {"id": f"29:{self.name}", "name": self.name.title(), "aadObjectId": self.aad}

    @property
    def aad(self) -> str:
        """Their id in the directory."""
        return f"00000000-0000-4000-8000-{self.name.encode().hex():0>12}"[:36]

    @property
    def id(self) -> str:
        """Our name for them."""
        return f"teams:{standin.TENANT}:{self.aad}"

    @property
    def direct(self) -> str:
        """Their chat with us."""
        return f"a:{self.name}"


PEOPLE: Final = {
    one.name: one
    for one in (Colleague("anna"), Colleague("beat"), Colleague("gast", "guest"), Colleague("robot", "bot"))
}


@dataclass
class Microsoft(standin.Microsoft):
    """Microsoft as a company has it: with its people's files, by name."""

    files: dict[str, bytes] = field(default_factory=dict)

    def share(self, name: str, content: bytes) -> str:
        """Puts a file where Teams keeps it; the link that lets anybody have it."""
        self.files[name] = content
        return f"https://{SHAREPOINT}/files/{quote(name)}?tempauth=x"

    async def give(self, request: web.Request) -> web.Response:
        """A file, to whoever has the link."""
        return web.Response(body=self.files[request.match_info["name"]], content_type="application/octet-stream")


@dataclass
class Company:
    """Microsoft, our replicas, and the model that they share; `copies` is how often everything is delivered.

    With `consent` of the team's owner we are told of all that is said in a channel.
    """

    microsoft: Microsoft
    redis: Redis
    guard: Guard
    library: Library
    pace: Pace
    model: Knowing = field(default_factory=Knowing)
    houses: list[House] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    doors: list[httpx.AsyncClient] = field(default_factory=list)
    copies: int = 1
    consent: bool = True
    lease_seconds: float = LEASE_SECONDS
    untaken: list[Activity] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(int(time.time() * 1000)))
    _turn: "count[int]" = field(default_factory=count)

    def number(self) -> str:
        """The next message's id."""
        return str(next(self._numbers))

    def activity(self, who: Colleague, conversation: str, kind: str, /, **more: Any) -> Activity:
        """What Teams says of something that happened in a conversation."""
        tenant = {"tenant": {"id": standin.TENANT}}
        spaces: Activity = {"channel": {"id": CHANNEL}, "team": {"id": TEAM}} if conversation.startswith("19:") else {}
        shape = {"conversationType": "channel", "isGroup": True} if spaces else {"conversationType": "personal"}
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        usual = {
            "type": kind,
            "id": f"f:{self.number()}",
            "timestamp": now,
            "channelId": "msteams",
            "serviceUrl": standin.SERVICE_URL,
            "from": dict(who.account),
            "conversation": {"id": conversation, "tenantId": standin.TENANT, **shape},
            "recipient": dict(US),
            "channelData": {**tenant, **spaces, **more.pop("channelData", {})},
            "locale": "en-US",
        }
        return usual | more

    def message(self, who: Colleague, conversation: str, text: str, /, **more: Any) -> Activity:
        """What Teams says of a message; where it mentions us, as text and entity."""
        mention = {"type": "mention", "mentioned": dict(US), "text": MENTION}
        entities = [*([mention] if MENTION in text else []), *more.pop("entities", [])]
        return self.activity(who, conversation, "message", text=text, textFormat="plain", entities=entities, **more)

    async def deliver(self, activity: Activity) -> Any:
        """Has Microsoft post it, to each replica in turn, again where it is not taken; what came back first."""
        heard = [await self._post(activity) for _ in range(self.copies)]
        return heard[0]

    async def _post(self, activity: Activity) -> Any:
        for _ in range(TRIES):
            door = self.doors[next(self._turn) % len(self.doors)]
            signed = {"authorization": f"Bearer {self.microsoft.sign_in.token()}", "content-type": "application/json"}
            heard = await door.post("/api/messages", content=json.dumps(activity), headers=signed)
            if heard.status_code < 300:
                return heard.json() if heard.content else None
            await asyncio.sleep(0.05)
        self.untaken.append(activity)
        return None

    async def idle(self) -> None:
        """Waits until nothing waits or runs here."""
        task = asyncio.current_task()
        while not (task and task.cancelling()):  # the client for Redis may swallow that the test's time is up
            line = await self.houses[0].inbox.line()
            if not (line.messages or line.running):
                return
            await asyncio.sleep(0.01)
        raise asyncio.CancelledError

    async def verdicts(self) -> dict[str, str]:
        """What people think of all answers, and why, by person, as it is kept."""
        found: dict[str, str] = {}
        async for key in self.redis.scan_iter("hg:feedback:*"):
            kept = await cast(Awaitable[dict[bytes, bytes]], self.redis.hgetall(key))
            found |= {name.decode().rpartition(":")[2]: value.decode() for name, value in kept.items()}
        return found


@asynccontextmanager
async def microsoft(folder: Path) -> AsyncIterator[Microsoft]:
    """Microsoft, who knows the people; `folder` takes the throw-away certificates."""
    played = Microsoft(standin.SignIn(), standin.BotConnector(), {})
    for one in PEOPLE.values():
        played.connector.members[one.account["id"]] = {**one.account, "userRole": one.role, "tenantId": standin.TENANT}
        played.connector.chats[one.account["id"]] = one.direct
    routes = [*played.sign_in.routes(), *played.connector.routes(), web.get("/files/{name}", played.give)]
    hosts = (standin.LOGIN, standin.SIGN_IN, standin.CONNECTOR, SHAREPOINT)
    async with standin.behind_proxy(folder, routes, *hosts) as environment:
        played.environment.update(environment)
        yield played


@asynccontextmanager
async def company_of(
    replicas: int,
    microsoft: Microsoft,
    redis: Redis,
    parts: tuple[Guard, Library],
    lease_seconds: float = LEASE_SECONDS,
    pace: Pace | None = None,
) -> AsyncIterator[Company]:
    """A company with so many replicas; the environment must lead to `microsoft` already."""
    company = Company(microsoft, redis, *parts, lease_seconds=lease_seconds, pace=pace or SharedPace(redis))
    async with AsyncExitStack() as stack:
        for _ in range(replicas):
            await stack.enter_async_context(_replica(company))
        yield company


@asynccontextmanager
async def _replica(company: Company) -> AsyncIterator[None]:
    directory = Directory(places=Places(company.redis), admins=[PEOPLE["anna"].id])
    house = House(company.redis, company.guard, company.library, company.model, directory)
    adapter = TeamsAdapter(
        house.dispatcher,
        app_id=standin.APP_ID,
        app_password=standin.PASSWORD,
        tenant_id=standin.TENANT,
        options=TeamsOptions(company.pace, helpdesk=(f"teams:{HELPDESK}",), seal=SEAL),
    )
    company.houses.append(house)
    await adapter.start()
    transport = httpx.ASGITransport(Starlette(routes=adapter.routes()))
    async with working(house, company.lease_seconds) as shift:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as door:
            company.shifts.append(shift)
            company.doors.append(door)
            yield
            await adapter.stop_taking()
    await adapter.stop()
