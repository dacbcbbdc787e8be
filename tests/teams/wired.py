"""A connector that writes down every call as it came, and answers as a test says."""

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from adapters.teams_activity import Address
from adapters.teams_sdk import TeamsBot
from bot.pace import FreePace, Pace
from tests.teams.standin import serving

TENANT = "7e0a0000-0000-4000-8000-0000000000aa"


@dataclass
class Wired:
    """What came, as (method, path, body); `answers` are given first, then a receipt with an id."""

    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: deque[web.Response] = field(default_factory=deque)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.text()
        path = unquote(request.raw_path)
        self.calls.append((request.method, path, json.loads(body) if body else None))
        self.headers.append(dict(request.headers))
        return self.answers.popleft() if self.answers else web.json_response({"id": "1:new"}, status=201)

    def address(self, **changes: str) -> Address:
        """A personal conversation here."""
        usual = {"conversation": "a:1", "activity": "m1", "user": "29:anna", "bot": "28:bot", "kind": "personal"}
        return Address(self.url, **{**usual, "tenant": TENANT, **changes})


@asynccontextmanager
async def wired(pace: Pace | None = None) -> AsyncIterator[tuple[Wired, TeamsBot]]:
    """The connector, and a bot without an app id that speaks to it."""
    connector = Wired()
    bot = TeamsBot("", "", "", "SingleTenant", pace=pace or FreePace())
    async with serving([web.route("*", "/{path:.*}", connector.take)]) as port:
        connector.url = f"http://127.0.0.1:{port}/emea/"
        yield connector, bot
        await bot.close()
