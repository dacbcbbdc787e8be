"""Slack's side of installing: workspaces that allow an app, tokens of 12 hours, and the browser of an administrator."""

import asyncio
import base64
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import aiohttp
import uvicorn
from aiohttp import web
from starlette.applications import Starlette
from starlette.routing import BaseRoute

CLIENT_ID: Final = "111.222"
CLIENT_SECRET: Final = "client-secret-0001"
HALF_A_DAY: Final = 43_200


@dataclass
class Grid:
    """Workspaces and an organisation: codes and refresh tokens are good once, tokens until they are revoked."""

    api_url: str
    lifetime: int = HALF_A_DAY
    rotating: bool = True
    away: bool = False
    places: dict[str, dict[str, Any]] = field(default_factory=dict)  # by code, refresh token or token
    calls: list[str] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def allow(self, team: str, enterprise: str = "", *, org: bool = False) -> str:
        """An administrator allows the app; the code that Slack sends them back with."""
        code = f"code-{next(self.numbers)}"
        self.places[code] = {
            "team": None if org else {"id": team, "name": f"<b>{team}</b>"},
            "enterprise": {"id": enterprise, "name": "Rheinwerk"} if enterprise else None,
            "is_enterprise_install": org,
        }
        return code

    def revoke(self) -> None:
        """Nobody has the app any more."""
        self.places.clear()

    def made(self, kind: str) -> int:
        """How many calls of a kind were answered."""
        return self.calls.count(kind)

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Meanwhile no call is answered."""
        self.answering.clear()
        yield
        self.answering.set()

    async def answer(self, request: web.Request) -> web.Response:
        """Answers a call of the Web API."""
        method, form = request.match_info["method"], {**request.query, **await request.post()}
        if self.away:
            return web.Response(status=503, text="<html>away</html>", content_type="text/html")
        match method:
            case "oauth.v2.access":
                given = self._access(request.headers.get("Authorization", ""), {k: str(v) for k, v in form.items()})
            case "auth.revoke":
                given = {"revoked": bool(self.places.pop(_token(request, form), None))}
            case _:
                place = self.places.get(_token(request, form))
                given = (
                    {"bot_id": "B0GEIST", "url": "https://rheinwerk.enterprise.slack.com/"}
                    if place
                    else "token_revoked"
                )
        self.calls.append(method)
        await self.answering.wait()
        return web.json_response({"ok": False, "error": given} if isinstance(given, str) else {"ok": True, **given})

    def _access(self, caller: str, form: dict[str, str]) -> dict[str, Any] | str:
        if caller != f"Basic {base64.b64encode(f'{CLIENT_ID}:{CLIENT_SECRET}'.encode()).decode()}":
            return "bad_client_secret"
        renewing = form.get("grant_type") == "refresh_token"
        place = self.places.pop(form.get("refresh_token" if renewing else "code", ""), None)
        if place is None:
            return "invalid_refresh_token" if renewing else "invalid_code"
        self.calls.append("renewed" if renewing else "installed")
        token, refresh = f"xoxe.xoxb-{next(self.numbers)}", f"xoxe-1-{next(self.numbers)}"
        self.places |= {token: place, refresh: place}
        ends = {"refresh_token": refresh, "expires_in": self.lifetime} if self.rotating else {}
        made = {
            "access_token": token,
            "token_type": "bot",
            "bot_user_id": "U0GEIST",
            "app_id": "A0GEIST",
            "scope": "chat:write",
        }
        return made | place | ends | {"authed_user": {"id": "U0ADMIN"}}


def _token(request: web.Request, form: dict[str, Any]) -> str:
    return str(form.get("token") or request.headers.get("Authorization", "").removeprefix("Bearer "))


@contextlib.asynccontextmanager
async def grid() -> AsyncIterator[Grid]:
    """Serves it on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        served = Grid(f"http://127.0.0.1:{listener.getsockname()[1]}/api/")
        served.answering.set()
        app = web.Application()
        app.router.add_route("*", "/api/{method}", served.answer)
        runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listener).start()
        yield served
        await runner.cleanup()


@dataclass
class Page:
    """What a browser shows."""

    status: int
    text: str
    headers: dict[str, str]

    @property
    def asks(self) -> dict[str, str]:
        """What the address asks of Slack that the browser is sent to."""
        return {key: values[0] for key, values in parse_qs(urlsplit(self.headers["location"]).query).items()}


class Browser:
    """An administrator's browser, which takes our cookie along, as if it came over https."""

    def __init__(self, session: aiohttp.ClientSession, root: str) -> None:
        self._session = session
        self._root = root
        self.cookie = ""

    async def get(self, path: str, **query: str) -> Page:
        """Opens one of our pages, without following where it leads."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        url = self._root + path
        async with self._session.get(url, params=query, headers=headers, allow_redirects=False) as answer:
            self.cookie = answer.headers.get("set-cookie", self.cookie).partition(";")[0]
            return Page(answer.status, await answer.text(), {k.lower(): v for k, v in answer.headers.items()})

    async def install(self, code: str) -> Page:
        """Goes all the way: our page, Slack's, and back."""
        begun = await self.get("/slack/install")
        return await self.get("/slack/oauth_redirect", code=code, state=begun.asks["state"])


@contextlib.asynccontextmanager
async def browsers(routes: Sequence[BaseRoute]) -> AsyncIterator[tuple[Browser, Browser]]:
    """Two browsers before our pages, which are served on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Starlette(routes=routes), lifespan="off", log_config=None)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])
        root = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            yield Browser(session, root), Browser(session, root)
        await server.shutdown(sockets=[listener])
