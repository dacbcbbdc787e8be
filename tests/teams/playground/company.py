"""A company whose Teams is the Playground: all parts real but the language model, on a port of its own."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self, cast

import uvicorn
from redis.asyncio import Redis
from starlette.applications import Starlette

from adapters.teams import TeamsAdapter
from adapters.teams_options import TeamsOptions
from bot.pace import FreePace
from bot.people import Directory
from bot.places import Places
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, working
from tests.bot.knowing import Knowing
from tests.teams.playground.process import HELPDESK, Playground

HOST: Final = "127.0.0.1"

Judged = tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """Our side and the Playground; the model says what a test has it say."""

    house: House
    model: Knowing
    playground: Playground
    door: "Door"

    async def idle(self) -> None:
        """Waits until nothing waits or runs here: an answer that is seen may not be remembered yet."""
        while True:
            line = await self.house.inbox.line()
            if not (line.messages or line.running):
                return
            await asyncio.sleep(0.02)

    async def judged(self) -> list[Judged]:
        """What people think of all answers: verdict, reason, comment and document."""
        found: list[Judged] = []
        async for key in self.house.redis.scan_iter("hg:feedback:*"):
            kept = await cast(Awaitable[dict[bytes, bytes]], self.house.redis.hgetall(key))
            for person, verdict in kept.items():
                if not person.endswith(b" why"):
                    why = json.loads(kept.get(person + b" why", b"{}"))
                    told = (why.get(name, "") for name in ("reason", "comment", "document"))
                    found.append((verdict.decode(), *told))
        return found

    async def until_judged(self, wanted: list[Judged]) -> None:
        """Waits until this is what people think of our answers."""
        while await self.judged() != wanted:
            await asyncio.sleep(0.02)


class Door:
    """Our web server on a port that stays ours while it is shut."""

    def __init__(self) -> None:
        self._held = _bound(0)
        self._port = int(self._held.getsockname()[1])
        self._app = Starlette()
        self.url = f"http://{HOST}:{self._port}/api/messages"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._held.close()

    async def open(self, app: Starlette | None = None) -> None:
        """Takes what comes, for the app behind it before if none is given."""
        self._app = app or self._app
        config = uvicorn.Config(self._app, lifespan="off", log_config=None)
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        self._listening = _bound(self._port)
        await self._server.startup(sockets=[self._listening])  # not `serve`, whose loop looks up ten times a second

    async def shut(self) -> None:
        """From now on nobody answers."""
        await self._server.shutdown(sockets=[self._listening])
        self._listening.close()


@asynccontextmanager
async def company_of(
    redis: Redis, parts: tuple[Guard, Library], played: Playground, door: Door
) -> AsyncIterator[Company]:
    """The company at work behind a door that the Playground knows."""
    model = Knowing()
    house = House(redis, *parts, model, Directory(places=Places(redis)))
    options = TeamsOptions(FreePace(), helpdesk=(f"teams:{HELPDESK}",))
    adapter = TeamsAdapter(house.dispatcher, app_id="", insecure=True, options=options)
    await adapter.start()
    async with working(house):
        await door.open(Starlette(routes=adapter.routes()))
        yield Company(house, model, played, door)
        await door.shut()
    await adapter.stop()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((HOST, port))
    return bound
