"""Slack and Teams as far as a demo needs them: they take our calls on loopback and put events to us as they do."""

import asyncio
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import aiohttp
import orjson
from aiohttp import web

TEAM: Final = "T0DEMO"
TENANT: Final = "00000000-0000-4000-8000-0000000000de"
BOT_TOKEN: Final = "xoxb-demo"  # noqa: S105 - opens nothing: the demo's own stand-in takes it
SECONDS: Final = 600.0

_TRACE: Final = re.compile("`[0-9a-f]{8,}`")

Json = Mapping[str, Any]


@dataclass(slots=True)
class Workplace:
    """Both platforms on one loopback port; what we post is kept by conversation."""

    signing_secret: str
    shown: dict[str, str] = field(default_factory=dict)
    finished: dict[str, asyncio.Event] = field(default_factory=dict)
    _places: dict[str, str] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _runner: web.AppRunner | None = None
    url: str = ""

    async def __aenter__(self) -> "Workplace":
        app = web.Application()
        app.router.add_route("*", "/api/{method}", self._slack)
        for method, path in (("POST", ""), ("POST", "/{activity}"), ("PUT", "/{activity}"), ("DELETE", "/{activity}")):
            app.router.add_route(method, "/teams/v3/conversations/{conversation}/activities" + path, self._teams)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def answer(self, place: str) -> str:
        """What stands in the conversation `place` once its answer is complete."""
        event = self.finished.setdefault(place, asyncio.Event())
        await asyncio.wait_for(event.wait(), SECONDS)
        event.clear()
        return self.shown[place]

    async def _slack(self, request: web.Request) -> web.Response:
        call: Json = await request.json() if request.content_type == "application/json" else await request.post()
        match request.match_info["method"]:
            case "auth.test":
                return web.json_response({"ok": True, "team_id": TEAM, "user_id": "U0GEIST", "bot_id": "B0GEIST"})
            case "chat.postMessage":
                ts = f"{time.time():.0f}.{next(self._numbers):06}"
                self._places[ts] = f"{call['channel']}:{call.get('thread_ts', ts)}"
            case "chat.update":
                ts = call["ts"]
            case "assistant.threads.setStatus":
                return web.json_response({"ok": True})
            case "users.info":
                return web.json_response({"ok": True, "user": {"id": request.query["user"], "team_id": TEAM}})
            case _:
                return web.json_response({"ok": False, "error": "unknown_method"})
        blocks = call.get("blocks") or []
        blocks = orjson.loads(blocks) if isinstance(blocks, str) else blocks
        self._show(self._places[ts], "\n".join(_texts(blocks)) or call.get("text", ""), _is_final(blocks))
        return web.json_response({"ok": True, "channel": call["channel"], "ts": ts})

    async def _teams(self, request: web.Request) -> web.Response:
        if request.method == "DELETE":
            return web.Response()
        activity = await request.json()
        text, entities = activity.get("text") or activity.get("summary", ""), activity.get("entities") or []
        # Answers carry the AI label, failures an id to quote; what waits, works and grows has neither.
        labelled = any("additionalType" in entity for entity in entities)
        if not _only_buttons(activity):
            self._show(request.match_info["conversation"], text, labelled or bool(_TRACE.search(text)))
        if any("streamId" in entity for entity in entities):
            return web.json_response({}, status=202)
        return web.json_response({"id": request.match_info.get("activity") or f"answer-{next(self._numbers)}"})

    def _show(self, place: str, text: str, final: bool) -> None:
        self.shown[place] = text
        if final:
            self.finished.setdefault(place, asyncio.Event()).set()


def _texts(blocks: list[Json]) -> list[str]:
    found: list[str] = []
    for block in blocks:
        text = block.get("text")
        found += [text if isinstance(text, str) else text["text"]] if text else []
        found += [element["text"] for element in block.get("elements", []) if isinstance(element.get("text"), str)]
    return found


def _only_buttons(activity: Json) -> bool:
    """Whether it is what stands below an answer, or is about to."""
    cards = [attachment["content"] for attachment in activity.get("attachments") or []]
    return activity.get("text") == "…" or not (activity.get("text") or all(card.get("body") for card in cards))


def _is_final(blocks: list[Json]) -> bool:
    """Thumbs stand under finished answers, an id to quote under failures; a growing draft has neither."""
    return any(block["type"] in ("context_actions", "context") for block in blocks)


@dataclass(frozen=True, slots=True)
class Asking:
    """Puts questions to our own HTTP door as Slack and Teams do."""

    session: aiohttp.ClientSession
    door: str
    workplace: Workplace

    async def in_slack(self, user: str, text: str, thread: str = "") -> str:
        """A direct message, signed; returns where the answer will stand (`channel:thread`)."""
        ts = f"{time.time():.6f}"
        channel = f"D0{user}"
        event = {"type": "message", "channel_type": "im", "channel": channel, "user": user, "text": text, "ts": ts}
        event |= {"thread_ts": thread} if thread else {}
        payload = {"type": "event_callback", "team_id": TEAM, "event_id": f"Ev{ts}", "event": event}
        body = orjson.dumps(payload | {"authorizations": [{"user_id": "U0GEIST", "is_bot": True, "team_id": TEAM}]})
        stamp = str(int(time.time()))
        signed = hmac.new(self.workplace.signing_secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256)
        headers = {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed.hexdigest()}"}
        await self._post("/slack/events", body, headers)
        return f"{channel}:{thread or ts}"

    async def in_teams(self, user: str, text: str, conversation: str) -> str:
        """A message in a personal chat; returns where the answer will stand (the conversation)."""
        activity = {
            "type": "message",
            "id": f"{time.time():.6f}",
            "channelId": "msteams",
            "serviceUrl": f"{self.workplace.url}/teams",
            "from": {"id": f"29:{user}", "aadObjectId": user},
            "recipient": {"id": "28:hausgeist", "name": "Hausgeist"},
            "conversation": {"id": conversation, "conversationType": "personal", "tenantId": TENANT},
            "channelData": {"tenant": {"id": TENANT}},
            "text": text,
        }
        await self._post("/api/messages", orjson.dumps(activity), {})
        return conversation

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        headers = {"Content-Type": "application/json", **headers}
        async with self.session.post(self.door + path, data=body, headers=headers) as response:
            if response.status != 200:
                raise RuntimeError(f"{path} answered {response.status}")
