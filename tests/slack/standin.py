"""A Slack workspace on loopback: keeps what is posted, holds callers to Slack's limits, and errs when told to."""

import asyncio
import json
import socket
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

from aiohttp import WSMsgType, web

from adapters.slack_client import Lines
from tests.slack.limits import cell_text, message_problem

Arguments = Mapping[str, Any]


@dataclass
class Post:
    """A message as it stands in the workspace, and how often it was edited."""

    channel: str
    ts: str
    thread: str
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] = field(default_factory=dict)
    edits: int = 0
    shown: list[str] = field(default_factory=list)
    grows: bool = False
    tasks: dict[str, tuple[str, str]] = field(default_factory=dict)  # of a stream: title and status by id

    @property
    def read(self) -> str:
        """What a person reads: the blocks' texts, else the text."""
        return "\n".join(_texts(self.blocks)) if self.blocks else self.text

    @property
    def buttons(self) -> dict[str, str]:
        """The values of its plain buttons, by action."""
        rows = [block["elements"] for block in self.blocks if block["type"] == "actions"]
        return {button["action_id"]: button["value"] for row in rows for button in row}


@dataclass(frozen=True)
class Trouble:
    """An answer other than the right one."""

    status: int = 200
    error: str = "internal_error"
    retry_after: int | str | None = None
    body: str = ""  # in place of Slack's JSON
    kind: str = "application/json"
    lost: bool = False  # what was asked is done, and the line breaks before the answer,
    held: bool = False  # or the answer never comes


class SlackStandIn:
    """The workspace `T0HOUSE`, in which our bot is the user `U0GEIST`; an async context manager."""

    def __init__(self, bot_token: str = "xoxb-house-0001", app_token: str = "xapp-house-0002") -> None:
        self.bot_token = bot_token
        self.app_token = app_token
        self.posts: list[Post] = []
        self.whispers: list[Arguments] = []  # what one person alone saw
        self.statuses: list[Arguments] = []
        self.titles: list[Arguments] = []
        self.streams = False  # whether answers may grow natively here
        self.looks: list[Arguments] = []  # into threads
        self.reactions: set[tuple[str, str, str]] = set()
        self.calls: list[str] = []
        self.page = 1000  # messages that `conversations.replies` gives at most
        self.connected = asyncio.Event()
        self._closing = asyncio.Event()
        self._answered = asyncio.Condition()
        self._trouble: dict[str, deque[Trouble]] = defaultdict(deque)
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._numbers = count(1)
        self._link: web.WebSocketResponse | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = self._listener.getsockname()[1]
        self.api_url = f"http://127.0.0.1:{self._port}/api/"
        self.lines = Lines(self.api_url)  # for who calls without an adapter

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._api)
        app.router.add_get("/link", self._socket)
        self._runner = web.AppRunner(app, shutdown_timeout=0, access_log=None)
        await self._runner.setup()
        await web.SockSite(self._runner, self._listener).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing.set()
        await self.lines.close()
        if self._link:
            await self._link.close()
        await self._runner.cleanup()

    def err(self, method: str, *troubles: Trouble) -> None:
        """The next calls of `method` get these answers."""
        self._trouble[method].extend(troubles)

    def hold(self, method: str) -> None:
        """The next call of `method` is done, but never answered."""
        self.err(method, Trouble(lost=True, held=True))

    def thread(self, channel: str, root: str) -> list[Post]:
        """The replies under a message, in order."""
        return [post for post in self.posts if (post.channel, post.thread) == (channel, root)]

    async def cut(self) -> None:
        """The socket breaks, and opens no more."""
        self.err("link", Trouble())
        if self._link:
            await self._link.close()

    async def called(self, method: str, times: int = 1) -> None:
        """Waits until `method` was called so often."""
        async with self._answered:
            await self._answered.wait_for(lambda: self.calls.count(method) >= times)

    async def deliver(self, payload: Arguments, kind: str = "events_api") -> asyncio.Future[Any]:
        """Sends a payload over the socket; the future is done when it is acknowledged, with what comes with that."""
        await self.connected.wait()
        assert self._link is not None
        envelope = f"envelope-{next(self._numbers)}"
        self._waiting[envelope] = asyncio.get_running_loop().create_future()
        frame = {"envelope_id": envelope, "type": kind, "accepts_response_payload": False, "payload": payload}
        await self._link.send_json(frame)
        return self._waiting[envelope]

    async def _api(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        trouble = self._trouble[method].popleft() if self._trouble[method] else None
        answer = await self._answer(method, request, trouble)
        async with self._answered:
            self.calls.append(method)
            self._answered.notify_all()
        if trouble and trouble.held:
            await self._closing.wait()
        return answer

    async def _answer(self, method: str, request: web.Request, trouble: Trouble | None) -> web.Response:
        if trouble and not trouble.lost:
            return _troubled(trouble)
        token = self.app_token if method == "apps.connections.open" else self.bot_token
        if request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"ok": False, "error": "invalid_auth"})
        answer = self._methods.get(method, _unknown)(self, await _arguments(request))
        if trouble and not trouble.held and request.transport:
            request.transport.close()
        return web.json_response({"ok": isinstance(answer, dict), **_fields(answer)})

    def _auth_test(self, _: Arguments) -> dict[str, Any]:
        return {"url": "https://rheinwerk.slack.com/", "team": "Rheinwerk", "team_id": "T0HOUSE"} | {
            "user": "hausgeist",
            "user_id": "U0GEIST",
            "bot_id": "B0GEIST",
        }

    def _post_message(self, call: Arguments) -> dict[str, Any] | str:
        if refusal := message_problem(call):
            return refusal
        ts = f"{1767603600 + next(self._numbers)}.000200"
        said = (call.get("text", ""), call.get("blocks", []), call.get("metadata", {}))
        post = Post(call["channel"], ts, call.get("thread_ts", ""), *said)
        post.shown.append(post.read)
        self.posts.append(post)
        return {"channel": post.channel, "ts": ts, "message": {"text": post.text}}

    def _update(self, call: Arguments) -> dict[str, Any] | str:
        found = [post for post in self.posts if (post.channel, post.ts) == (call.get("channel"), call.get("ts"))]
        if not found:
            return "message_not_found"
        if found[0].grows:
            return "streaming_state_conflict"
        if refusal := message_problem(call):
            return refusal
        post = found[0]
        post.text = call.get("text", post.text)
        post.blocks = call.get("blocks", post.blocks)  # as at Slack: left out, the old ones stay
        post.metadata = call.get("metadata", post.metadata)
        post.edits += 1
        post.shown.append(post.read)
        return {"channel": post.channel, "ts": post.ts, "text": post.text}

    def _delete(self, call: Arguments) -> dict[str, Any] | str:
        found = [post for post in self.posts if (post.channel, post.ts) == (call.get("channel"), call.get("ts"))]
        if not found:
            return "message_not_found"
        self.posts.remove(found[0])
        return {"channel": call["channel"], "ts": call["ts"]}

    def _whisper(self, call: Arguments) -> dict[str, Any] | str:
        if not call.get("user"):
            return "user_not_in_channel"
        if refusal := message_problem(call):
            return refusal
        self.whispers.append(call)
        return {"message_ts": f"{1767603600 + next(self._numbers)}.000300"}

    def _replies(self, call: Arguments) -> dict[str, Any]:
        """The root and then the replies after `oldest`, in pages; metadata only for whoever asks for them."""
        self.looks.append(call)
        since = float(call.get("oldest") or 0)
        thread = [post for post in self.thread(call["channel"], call["ts"]) if float(post.ts) > since]
        messages = [{"type": "message", "user": "U0ANNA", "text": "?", "ts": call["ts"], "thread_ts": call["ts"]}]
        messages += [_as_listed(post, call.get("include_all_metadata") in {"1", "true"}) for post in thread]
        start, size = int(call.get("cursor") or 0), min(int(call.get("limit", 100)), self.page)
        more = str(start + size) if start + size < len(messages) else ""
        return {"messages": messages[start : start + size], "response_metadata": {"next_cursor": more}}

    def _set_status(self, call: Arguments) -> dict[str, Any] | str:
        if not (call.get("channel_id") and call.get("thread_ts")):
            return "invalid_arguments"
        self.statuses.append(call)
        return {}

    def _set_title(self, call: Arguments) -> dict[str, Any] | str:
        self.titles.append(call)
        return {}

    def _start(self, call: Arguments) -> dict[str, Any] | str:
        if not self.streams:
            return "unknown_method"
        if not (call.get("recipient_team_id") and call.get("recipient_user_id") and call.get("thread_ts")):
            return "missing_recipient_team_id"
        ts = f"{1767603600 + next(self._numbers)}.000200"
        post = Post(call["channel"], ts, call["thread_ts"], "", [], grows=True)
        self.posts.append(post)
        return self._grown(post, call)

    def _append(self, call: Arguments) -> dict[str, Any] | str:
        post = self._growing(call)
        return self._grown(post, call) if post else "message_not_in_streaming_state"

    def _stop(self, call: Arguments) -> dict[str, Any] | str:
        post = self._growing(call)
        if post is None:
            return "message_not_in_streaming_state"
        blocks = call.get("blocks", [])
        if refusal := message_problem({**call, "text": "…", "blocks": [{"type": "markdown", "text": "…"}, *blocks]}):
            return refusal
        self._grown(post, call)
        post.grows, post.metadata = False, call.get("metadata", {})
        post.blocks = [*([{"type": "markdown", "text": post.text}] if post.text else []), *blocks]
        return {"channel": post.channel, "ts": post.ts}

    def _growing(self, call: Arguments) -> Post | None:
        found = (post for post in self.posts if (post.channel, post.ts) == (call["channel"], call["ts"]))
        return next((post for post in found if post.grows), None)

    def _grown(self, post: Post, call: Arguments) -> dict[str, Any]:
        for chunk in call.get("chunks") or []:
            if chunk["type"] == "markdown_text":
                post.text += chunk["text"]
            else:
                post.tasks[chunk["id"]] = (chunk["title"], chunk["status"])
        post.shown.append(post.text)
        return {"channel": post.channel, "ts": post.ts}

    def _react(self, call: Arguments) -> dict[str, Any] | str:
        reaction = (call["channel"], call["timestamp"], call["name"])
        if reaction in self.reactions:
            return "already_reacted"
        self.reactions.add(reaction)
        return {}

    def _unreact(self, call: Arguments) -> dict[str, Any] | str:
        reaction = (call["channel"], call["timestamp"], call["name"])
        if reaction not in self.reactions:
            return "no_reaction"
        self.reactions.discard(reaction)
        return {}

    def _user(self, call: Arguments) -> dict[str, Any] | str:
        user = call.get("user", "")
        return {"user": {"id": user, "team_id": "T0HOUSE", "is_bot": user == "U0GEIST"}} if user else "user_not_found"

    def _open_socket(self, _: Arguments) -> dict[str, Any]:
        return {"url": f"ws://127.0.0.1:{self._port}/link?ticket=secret-ticket-{next(self._numbers)}"}

    _methods: Mapping[str, Callable[["SlackStandIn", Arguments], dict[str, Any] | str]] = {
        "auth.test": _auth_test,
        "chat.postMessage": _post_message,
        "chat.update": _update,
        "chat.delete": _delete,
        "chat.postEphemeral": _whisper,
        "conversations.replies": _replies,
        "assistant.threads.setStatus": _set_status,
        "assistant.threads.setTitle": _set_title,
        "chat.startStream": _start,
        "chat.appendStream": _append,
        "chat.stopStream": _stop,
        "reactions.add": _react,
        "reactions.remove": _unreact,
        "users.info": _user,
        "apps.connections.open": _open_socket,
    }

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        if self._trouble["link"]:
            raise web.HTTPForbidden
        link = web.WebSocketResponse()
        await link.prepare(request)
        await link.send_json({"type": "hello", "num_connections": 1, "connection_info": {"app_id": "A0GEIST"}})
        self._link = link
        self.connected.set()
        async for frame in link:
            if frame.type is WSMsgType.TEXT:
                self._acknowledged(json.loads(frame.data))
        return link

    def _acknowledged(self, frame: Arguments) -> None:
        waiting = self._waiting.get(frame.get("envelope_id", ""))
        if waiting and not waiting.done():
            waiting.set_result(frame.get("payload"))


def _unknown(_: SlackStandIn, __: Arguments) -> str:
    return "unknown_method"


def _as_listed(post: Post, with_metadata: bool) -> dict[str, Any]:
    listed = {"type": "message", "user": "U0GEIST", "bot_id": "B0GEIST", "app_id": "A0GEIST", "text": post.text}
    placed = {"ts": post.ts, "thread_ts": post.thread, "blocks": post.blocks}
    placed |= {"streaming_state": "in_progress"} if post.grows else {}
    return {**listed, **placed, **({"metadata": post.metadata} if with_metadata and post.metadata else {})}


def _fields(answer: dict[str, Any] | str) -> dict[str, Any]:
    return {"error": answer} if isinstance(answer, str) else answer


def _troubled(trouble: Trouble) -> web.Response:
    headers = {} if trouble.retry_after is None else {"Retry-After": str(trouble.retry_after)}
    body = trouble.body or json.dumps({"ok": False, "error": trouble.error})
    return web.Response(text=body, status=trouble.status, headers=headers, content_type=trouble.kind)


async def _arguments(request: web.Request) -> Arguments:
    if request.content_type == "application/json":
        return dict(await request.json())
    return {**request.query, **await request.post()}


def _texts(blocks: list[dict[str, Any]]) -> list[str]:
    texts: list[str] = []
    for block in blocks:
        if block["type"] in {"markdown", "section"}:
            texts.append(block["text"] if block["type"] == "markdown" else block["text"]["text"])
        if block["type"] == "context":
            texts += [element["text"] for element in block["elements"]]
        for row in block.get("rows", []):
            texts.append(" | ".join(map(cell_text, row)))
    return texts
