"""Slack and Teams on loopback, one server that keeps everything posted: every message with all its versions, for ever.

Knows neither our processes nor our questions; what was shown is judged elsewhere.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, Final, Self

import orjson
from aiohttp import web

from ops.bench.shown import Json, Kind, Posted, Version, grown, slack_version, stream_of, teams_version

TEAM: Final = "T0BENCH"
BOT: Final = "U0GEIST"
TEAMS_BOT: Final = "28:hausgeist"
TENANT: Final = "00000000-0000-4000-8000-0000000000be"

_AT: Final = web.RequestKey("at", float)  # when a request's first byte came
_NESTED: Final = frozenset({"blocks", "chunks", "metadata"})

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


_latest = [0]  # the microsecond of the latest timestamp


def new_ts() -> str:
    """A Slack timestamp of this moment, later than all before it; of one clock in all processes, as Slack's are."""
    _latest[0] = moment = max(time.time_ns() // 1000, _latest[0] + 1)
    return f"{moment // 10**6}.{moment % 10**6:06}"


class Workplace:
    """The workspace and the tenant in which our bot works; an async context manager.

    `storm(seconds)` has every call refused with 429; a call is up to `delay` seconds on its way, and so is its answer.
    """

    def __init__(self) -> None:
        self.posts: dict[str, list[Posted]] = defaultdict(list)  # by place, in order of posting
        self.whispers: list[Posted] = []
        self.statuses: list[tuple[str, Version]] = []
        self.calls: dict[str, int] = defaultdict(int)
        self.refused = 0
        self.touched_at = 0.0  # the last call that changed something
        self.delay = 0.0
        self.port = 0
        self._stormy_until = 0.0
        self._numbers = count(1)
        self._known: dict[tuple[str, str], Posted] = {}  # by channel or conversation, and id

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._weather])
        app.router.add_route("*", "/api/{method}", self._slack)
        path = "/teams/v3/conversations/{conversation}/activities"
        app.router.add_post(path, self._teams_post)
        app.router.add_post(path + "/{activity}", self._teams_post)
        app.router.add_put(path + "/{activity}", self._teams_edit)
        app.router.add_delete(path + "/{activity}", self._teams_delete)
        app.router.add_get("/teams/v3/conversations/{conversation}/members/{user}", self._teams_member)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def slack_url(self) -> str:
        """For SLACK_API_URL."""
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def teams_url(self) -> str:
        """For HAUSGEIST_TEAMS_SERVICE_URLS, and as `serviceUrl` of activities."""
        return f"http://127.0.0.1:{self.port}/teams/"

    def heard(self, method: str, call: Json, at: float) -> None:
        """Is told of each call of Slack's methods, whose first byte came `at` (by time.perf_counter)."""

    def team_of(self, user: str) -> str:  # noqa: ARG002  # here all are of one
        """The workspace that a person is of."""
        return TEAM

    def storm(self, seconds: float) -> None:
        """Refuses everything with 429 from now on, for so long."""
        self._stormy_until = time.time() + seconds

    @web.middleware
    async def _weather(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """The way to the platform and back: a caller that dies on it may have been heard."""
        request[_AT] = time.perf_counter()
        self.calls[request.match_info.get("method", f"{request.method} activity")] += 1
        if time.time() < self._stormy_until:
            self.refused += 1
            pause = {"Retry-After": str(random.randint(1, 5))}  # noqa: S311 - plays a platform
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=pause)
        try:
            await request.read()
        except ConnectionError:  # its caller was killed before all of it had left
            return web.Response(status=400)
        await asyncio.sleep(random.uniform(0, self.delay))  # noqa: S311
        response = await handler(request)
        await asyncio.sleep(random.uniform(0, self.delay))  # noqa: S311
        return response

    async def _slack(self, request: web.Request) -> web.Response:
        method, call = request.match_info["method"], await _arguments(request)
        said = self._methods.get(method, _unknown)(self, call)
        self.heard(method, call, request[_AT])
        return web.json_response({"ok": "error" not in said, **said}, dumps=_dumps)

    def _auth_test(self, _: Json) -> Json:
        return {"team": "Bench", "team_id": TEAM, "user_id": BOT, "bot_id": "B0GEIST"}

    def _post_message(self, call: Json) -> Json:
        ts = new_ts()
        place = slack_place(call["channel"], call.get("thread_ts") or ts)
        self._keep(call["channel"], Posted(place, ts, [slack_version(call)], metadata=call.get("metadata") or {}), call)
        return {"channel": call["channel"], "ts": ts, "message": {"text": call.get("text", ""), "ts": ts}}

    def _update(self, call: Json) -> Json:
        post = self._known.get((call["channel"], call["ts"]))
        if post is None or not post.stands:
            return {"error": "message_not_found"}
        post.metadata = call.get("metadata") or post.metadata
        self._edit(post, call, slack_version({**post.body, **call}))
        return {"channel": call["channel"], "ts": post.id, "text": call.get("text", "")}

    def _start_stream(self, call: Json) -> Json:
        ts = new_ts()
        body = {**grown({}, call), "streaming": True}
        place = slack_place(call["channel"], call["thread_ts"])
        self._keep(call["channel"], Posted(place, ts, [slack_version(body)]), body)
        return {"channel": call["channel"], "ts": ts}

    def _append_stream(self, call: Json) -> Json:
        return self._grow(call, streaming=True)

    def _stop_stream(self, call: Json) -> Json:
        return self._grow(call, streaming=False)

    def _grow(self, call: Json, *, streaming: bool) -> Json:
        post = self._known.get((call["channel"], call["ts"]))
        if post is None or not post.stands:
            return {"error": "message_not_found"}
        if not post.body.get("streaming"):
            return {"error": "message_not_in_streaming_state"}
        post.metadata = call.get("metadata") or post.metadata
        body = {**grown(post.body, call), "streaming": streaming}
        self._edit(post, body, slack_version(body))
        return {"channel": call["channel"], "ts": post.id}

    def _user(self, call: Json) -> Json:
        return {"user": {"id": call["user"], "team_id": self.team_of(call["user"]), "locale": "en-GB"}}

    def _nothing(self, _: Json) -> Json:
        return {}

    def _delete(self, call: Json) -> Json:
        return {"ts": call["ts"]} if self._erase(call["channel"], call["ts"]) else {"error": "message_not_found"}

    def _whisper(self, call: Json) -> Json:
        ts = new_ts()
        place = slack_place(call["channel"], call.get("thread_ts") or "")
        self.whispers.append(Posted(place, ts, [slack_version(call)], user=call["user"], body=call))
        self.touched_at = time.time()
        return {"message_ts": ts}

    def _set_status(self, call: Json) -> Json:
        place = slack_place(call["channel_id"], call["thread_ts"])
        self.statuses.append((place, Version(time.time(), Kind.DRAFT, call.get("status", ""))))
        return {}

    def _replies(self, call: Json) -> Json:
        root = str(call["ts"])
        asked: Json = {"type": "message", "ts": root, "thread_ts": root, "user": "U0ASKER", "text": "?"}
        stands = [post for post in self.posts[slack_place(call["channel"], root)] if post.stands]
        all_of_it = [asked, *(_slack_message(post, root) for post in stands)]
        begin = int(call.get("cursor") or 0)
        end = begin + int(call.get("limit") or 1000)
        more = end < len(all_of_it)
        cursor = {"next_cursor": str(end) if more else ""}
        return {"messages": all_of_it[begin:end], "has_more": more, "response_metadata": cursor}

    _methods: Mapping[str, Callable[["Workplace", Json], Json]] = {
        "auth.test": _auth_test,
        "chat.postMessage": _post_message,
        "chat.update": _update,
        "chat.delete": _delete,
        "chat.postEphemeral": _whisper,
        "chat.startStream": _start_stream,
        "chat.appendStream": _append_stream,
        "chat.stopStream": _stop_stream,
        "assistant.threads.setStatus": _set_status,
        "assistant.threads.setSuggestedPrompts": _nothing,
        "assistant.threads.setTitle": _nothing,
        "users.info": _user,
        "conversations.replies": _replies,
    }

    async def _teams_post(self, request: web.Request) -> web.Response:
        conversation, activity = request.match_info["conversation"], await request.json()
        if info := stream_of(activity):
            return self._teams_stream(conversation, activity, info)
        name = f"{int(time.time() * 1000)}{next(self._numbers):06}"
        if activity.get("type") == "message":
            asked = request.match_info.get("activity") or activity.get("replyToId") or ""
            self._keep(conversation, Posted(conversation, name, [teams_version(activity)], asked), activity)
        return web.json_response({"id": name}, status=201)

    def _teams_stream(self, conversation: str, activity: Json, info: Json) -> web.Response:
        """A stream is a message from its first call on, and takes more of them until its final one."""
        if conversation.startswith("19:"):
            return _refused(405, "MethodNotAllowed", "Streaming API is not enabled for non personal scope")
        final, name = info.get("streamType") == "final", info.get("streamId")
        if not name:
            name = f"{int(time.time() * 1000)}{next(self._numbers):06}"
            self._keep(conversation, Posted(conversation, name, [teams_version(activity)]), activity)
            return web.json_response({"id": name}, status=201)
        post = self._known.get((conversation, name))
        if post is None or not post.stands or not stream_of(post.body) or post.body["type"] != "typing":
            return _refused(403, "ContentStreamNotAllowed", "the stream is over")
        self._edit(post, activity, teams_version(activity))
        return web.json_response({"id": name}, status=201) if final else web.json_response({}, status=202)

    async def _teams_edit(self, request: web.Request) -> web.Response:
        post = self._known.get((request.match_info["conversation"], request.match_info["activity"]))
        if post is None or not post.stands:
            return _refused(404, "NotFound", "gone")
        activity = await request.json()
        self._edit(post, activity, teams_version(activity))
        return web.json_response({"id": post.id})

    async def _teams_delete(self, request: web.Request) -> web.Response:
        erased = self._erase(request.match_info["conversation"], request.match_info["activity"])
        return web.Response(status=200 if erased else 404)

    async def _teams_member(self, request: web.Request) -> web.Response:
        user = request.match_info["user"]
        return web.json_response({"id": user, "aadObjectId": user.removeprefix("29:"), "userRole": "user"})

    def _keep(self, channel: str, post: Posted, body: Json) -> None:
        post.body = body
        self.touched_at = time.time()
        self.posts[post.place].append(post)
        self._known[channel, post.id] = post

    def _edit(self, post: Posted, body: Json, version: Version) -> None:
        post.body = {**post.body, **body}
        post.versions.append(version)
        self.touched_at = time.time()

    def _erase(self, channel: str, message: str) -> bool:
        post = self._known.get((channel, message))
        if post is None or not post.stands:
            return False
        post.deleted_at = self.touched_at = time.time()
        return True


def slack_place(channel: str, thread: str) -> str:
    """The name of a Slack conversation here; a Teams conversation is named by its id."""
    return f"{channel}:{thread}"


async def _arguments(request: web.Request) -> dict[str, Any]:
    """A call's arguments, in any of the three forms in which Slack takes them."""
    if request.content_type == "application/json":
        return dict(orjson.loads(await request.read()))
    given = {**request.query, **await request.post()}
    return {name: orjson.loads(it) if name in _NESTED else it for name, it in given.items()}  # type: ignore[arg-type]  # no files


def _unknown(_: Workplace, __: Json) -> Json:
    return {"error": "unknown_method"}


def _refused(status: int, code: str, message: str) -> web.Response:
    return web.json_response({"error": {"code": code, "message": message}}, status=status)


def _dumps(said: object) -> str:
    return orjson.dumps(said).decode()


def _slack_message(post: Posted, root: str) -> Json:
    text, blocks = post.body.get("text", ""), post.body.get("blocks") or []
    ours = {"type": "message", "user": BOT, "bot_id": "B0GEIST", "ts": post.id, "thread_ts": root, "text": text}
    return {**ours, "blocks": blocks, "metadata": post.metadata} if post.metadata else {**ours, "blocks": blocks}
