"""A Slack workspace on loopback: `emulate` keeps its state, and in front of it stands here what `emulate` lacks."""

import asyncio
import io
import json
import socket
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from aiohttp import web

from tests.slack.emulated.events import Relay
from tests.slack.emulated.limits import Limits
from tests.slack.emulated.methods import perform
from tests.slack.emulated.node import BOT, BOT_TOKEN, PEOPLE, SECRET, Emulate
from tests.slack.emulated.people import Someone
from tests.slack.emulated.reading import Post, as_post
from tests.slack.emulated.rules import Refused
from tests.slack.emulated.streams import Streams
from tests.slack.emulated.surfaces import Surfaces
from tests.slack.emulated.wires import Deliveries, Http, Sockets
from tests.slack.standin import Trouble

Call = Mapping[str, Any]

_FIELDS: Final = ("blocks", "attachments", "metadata", "view", "chunks", "prompts", "files", "loading_messages")


class EmulatedSlack:
    """The workspace; `people` act in it, and `api_url` is what the app calls.

    `generation` is how its assistant is shown; `trigger_seconds` how long a trigger lives. `refusals` are the calls
    that the app should not have made: beyond limits, malformed, or unknown.
    """

    bot_token = BOT_TOKEN
    app_token = "xapp-emulated-house"
    secret = SECRET
    bot = BOT["bot_user_id"]

    def __init__(self, emulate: Emulate) -> None:
        self._emulate = emulate
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.api_url = f"{self.origin}/api/"
        self.generation = "agent_view"
        self.trigger_seconds = 3.0
        self.calls: list[tuple[str, Call]] = []
        self.refusals: list[tuple[str, str]] = []
        self.channels: dict[str, str] = {}
        self.foreign: set[str] = set()  # channels shared with another company
        self.ignored: set[str] = set()  # events that the app has not subscribed to
        self.people: dict[str, Someone] = {}
        self.limits, self.sockets, self.deliveries = Limits(), Sockets(), Deliveries()
        self.surfaces = Surfaces(self)
        self.streams = Streams(self.surfaces.begin, self.surfaces.grow)
        self.relay = Relay(self)
        self._trouble: dict[str, deque[Trouble]] = defaultdict(deque)
        self._answered = asyncio.Condition()
        self._closing = asyncio.Event()

    def over_http(self, *urls: str) -> None:
        """From now on payloads are posted to these replicas."""
        self.deliveries.wire = Http([*urls], self.secret)

    def over_sockets(self) -> None:
        """From now on payloads go over the sockets that replicas open."""
        self.deliveries.wire = self.sockets

    def err(self, method: str, *troubles: Trouble) -> None:
        """The next calls of `method` get these answers."""
        self._trouble[method].extend(troubles)

    def called(self, method: str) -> list[Call]:
        """The arguments of all calls of a method."""
        return [call for name, call in self.calls if name == method]

    async def until_called(self, method: str, times: int = 1) -> None:
        """Waits until `method` was called so often."""
        async with self._answered:
            await self._answered.wait_for(lambda: len(self.called(method)) >= times)

    async def thread(self, channel: str, root: str) -> list[Post]:
        """The replies under a message, as they stand."""
        found = await self.emulate("conversations.replies", self.token_for(channel), channel=channel, ts=root)
        return [as_post(channel, one) for one in found.get("messages", []) if one["ts"] != root]

    async def channel(self, channel: str) -> list[Post]:
        """The messages of a channel outside of threads, oldest first."""
        found = await self.emulate("conversations.history", self.token_for(channel), channel=channel)
        return [as_post(channel, one) for one in reversed(found.get("messages", []))]

    async def post(self, channel: str, ts: str) -> Post:
        """A message as it stands; with `message` it is what Slack says of it."""
        return as_post(channel, await self.message(channel, ts))

    async def message(self, channel: str, ts: str) -> dict[str, Any]:
        """What Slack says of a message; empty if there is none."""
        found = await self.emulate("reactions.get", self.token_for(channel), channel=channel, timestamp=ts)
        return dict(found.get("message", {}))

    def token_for(self, channel: str) -> str:
        """Whoever may read the channel."""
        owner = next((one for one in self.people.values() if one.direct == channel), self.people["anna"])
        return owner.token

    async def upload(self, file: str, content: bytes) -> None:
        """Puts a file where `emulate` expects it."""
        async with self._http.post(f"{self._emulate.url}/upload/v1/{file}", data=io.BytesIO(content)) as response:
            assert response.status == 200, await response.text()

    async def emulate(self, method: str, token: str, **arguments: Any) -> dict[str, Any]:
        """Calls `emulate` itself."""
        given = {key: value for key, value in arguments.items() if value is not None}
        headers = {"Authorization": f"Bearer {token}"}
        async with self._http.post(f"{self._emulate.url}/api/{method}", json=given, headers=headers) as response:
            if response.status == 404:
                return {"ok": False, "error": "unknown_method"}
            local = self._emulate.url.replace("127.0.0.1", "localhost")  # as whom it gives files
            return dict(json.loads((await response.text()).replace(local, self.origin)))

    async def passed(self, method: str, call: Call, token: str = BOT_TOKEN) -> dict[str, Any]:
        """What `emulate` says to a call of the app's. Raises Refused."""
        answer = await self.emulate(method, token, **{key: value for key, value in call.items() if key != "token"})
        if not answer.pop("ok", False):
            raise Refused(answer.get("error", "unknown_method"))
        return answer

    async def __aenter__(self) -> "EmulatedSlack":
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self.sockets.serve)
        app.router.add_post("/callback", self.relay.take)
        app.router.add_post("/response/{number}", self.surfaces.respond)
        app.router.add_route("*", "/{rest:(files-pri|upload|oauth)/.*}", self._forward)
        self._runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()
        self._http = aiohttp.ClientSession()
        await asyncio.to_thread(self._emulate.reset, f"{self.origin}/callback")
        await self._settle_in()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self.deliveries.close()
        await self.sockets.cut()
        await self._runner.cleanup()
        await self._http.close()

    async def _settle_in(self) -> None:
        """Everybody joins #general, the app too; each person's direct messages with it are opened."""
        for name in PEOPLE:
            someone = self.people[name] = Someone(self, name)
            await someone.arrive()
        listed = await self.emulate("conversations.list", "xoxp-anna", types="public_channel,private_channel")
        self.channels = {one["name"]: one["id"] for one in listed["channels"]}
        for token in [BOT_TOKEN, *(one.token for one in self.people.values())]:
            await self.emulate("conversations.join", token, channel=self.channels["general"])
        self.foreign.add(self.channels["abroad"])
        await self.emulate("conversations.join", BOT_TOKEN, channel=self.channels["abroad"])
        await self.deliveries.settled()
        self.relay.seen.clear()

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        call = await _arguments(request)
        trouble = self._trouble[method].popleft() if self._trouble[method] else None
        answer = await self._answer(method, request, call, trouble)
        async with self._answered:
            self.calls.append((method, call))
            self._answered.notify_all()
        if trouble and trouble.held:
            await self._closing.wait()
        if trouble and trouble.lost and not trouble.held and request.transport:
            request.transport.close()
        return answer

    async def _answer(self, method: str, request: web.Request, call: Call, trouble: Trouble | None) -> web.Response:
        if trouble and not trouble.lost:
            return _troubled(trouble)
        if wait := self.limits.wait(method, str(call.get("channel", ""))):
            return _troubled(Trouble(429, "ratelimited", retry_after=wait))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ") or str(call.get("token", ""))
        if method == "apps.connections.open":
            return self._open_link(token)
        try:
            return web.json_response({"ok": True, **await perform(self, method, token, call)})
        except Refused as refusal:
            self._note(method, refusal.error)
            error, _, detail = refusal.error.partition(": ")
            return web.json_response({"ok": False, "error": error, "response_metadata": {"messages": [detail]}})

    def _note(self, method: str, error: str) -> None:
        if error.partition(": ")[0] in _FAULTS:
            self.refusals.append((method, error))

    def _open_link(self, token: str) -> web.Response:
        if token != self.app_token:
            return web.json_response({"ok": False, "error": "invalid_auth"})
        return web.json_response({"ok": True, "url": f"{self.origin.replace('http', 'ws')}/link?ticket=secret"})

    async def _forward(self, request: web.Request) -> web.Response:
        """Files and the pages of OAuth are `emulate`'s own."""
        headers = {key: request.headers[key] for key in ("Authorization", "Content-Type") if key in request.headers}
        target = f"{self._emulate.url}{request.path_qs}"
        body = await request.read()
        async with self._http.request(
            request.method, target, data=body, headers=headers, allow_redirects=False
        ) as response:
            kept = {key: response.headers[key] for key in ("Content-Type", "Location") if key in response.headers}
            return web.Response(body=await response.read(), status=response.status, headers=kept)


_FAULTS: Final = frozenset(
    {
        "invalid_blocks",
        "invalid_arguments",
        "invalid_chunks",
        "msg_too_long",
        "msg_blocks_too_long",
        "no_text",
        "unknown_method",
        "markdown_text_conflict",
        "streaming_mode_mismatch",
        "streaming_state_conflict",
        "cannot_provide_both_markdown_text_and_chunks",
        "missing_recipient_team_id",
        "missing_recipient_user_id",
    }
)


@asynccontextmanager
async def emulated_slack(emulate: Emulate) -> AsyncIterator[EmulatedSlack]:
    """A fresh workspace on the running `emulate`."""
    async with EmulatedSlack(emulate) as workspace:
        yield workspace


async def _arguments(request: web.Request) -> Call:
    """What slack_sdk sends as a query, a form or JSON; objects within the first two are JSON of their own."""
    if request.content_type == "application/json":
        body = await request.read()
        return {**request.query, **(json.loads(body) if body else {})}
    call: dict[str, Any] = {**request.query, **dict((await request.post()).items())}
    for key in _FIELDS:
        if isinstance(call.get(key), str) and call[key][:1] in {"[", "{"}:
            call[key] = json.loads(call[key])
    return call


def _troubled(trouble: Trouble) -> web.Response:
    headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
    body = trouble.body or json.dumps({"ok": False, "error": trouble.error})
    return web.Response(text=body, status=trouble.status, headers=headers, content_type=trouble.kind)
