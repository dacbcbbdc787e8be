"""A Teams that takes the time: when each question was asked, first answered to the eye, and done with."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

import aiohttp
import orjson
from aiohttp import web

from ops.bench.fleet import QUESTIONS
from ops.bench.payloads import Payload, new_activity, teams_mention, teams_message
from ops.bench.shown import Json, stream_of
from ops.bench.standins import Workplace

TENANTS: Final = 100  # that ask in turns, a person of each, so that no limit of one is met
PATIENCE: Final = 30.0  # seconds for one answer
WORDS: Final = b"The answer to"  # with which the answers of the instant models begin

Kind = Literal["personal", "channel"]

_numbers = count(1)


@dataclass(slots=True)
class Seen:
    """What became of one question, which is alone in its conversation; times by time.perf_counter."""

    conversation: str
    activity: str
    user: str
    asked: float = 0.0
    first: float = 0.0  # when anything could be seen,
    words: float = 0.0  # and when words of the answer could
    calls: list[tuple[str, Json]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)  # of our messages, in the order in which they were posted
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def template(self) -> list[tuple[str, Any]]:
        """The calls that answered it, with names in place of what is the question's own."""
        own = {self.conversation: "$conversation", self.activity: "$activity", self.user: "$user"}
        own |= {name: f"${number}" for number, name in enumerate(self.ids)}
        return [(method, replaced(call, own)) for method, call in self.calls]


class Watched(Workplace):
    """The stand-in for Teams, which also asks, with a token; an async context manager."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, Seen] = {}
        self.token = ""

    async def ask(self, kind: Kind, http: aiohttp.ClientSession, url: str) -> Seen:
        """Asks a question in a conversation of its own, and waits for the answer. Raises TimeoutError."""
        number, activity = next(_numbers), new_activity()
        place = f"a:chat-{number}" if kind == "personal" else f"19:channel-{number}@thread.tacv2;messageid={activity}"
        text = f"{QUESTIONS[number % len(QUESTIONS)]} This is question Q{number}-0."
        tenant = number % TENANTS
        build = teams_message if kind == "personal" else teams_mention
        payload = _of_tenant(build(self.teams_url, place, f"U{tenant}", text, activity), tenant)
        seen = self.seen[place] = Seen(place, activity, f"29:U{tenant}")
        headers = {**payload.headers(), "Authorization": f"Bearer {self.token}"}
        seen.asked = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            async with http.post(url + payload.path, data=payload.body, headers=headers) as response:
                response.raise_for_status()
            await seen.done.wait()
        return seen

    async def _teams_post(self, request: web.Request) -> web.Response:
        at, response = time.perf_counter(), await super()._teams_post(request)
        if response.status < 300 and isinstance(response.body, bytes):
            said, name = await request.json(), orjson.loads(response.body or b"{}").get("id", "")
            seen = self._note(_method(said), request, said, at)
            if seen and name and name not in seen.ids:
                seen.ids.append(name)
        return response

    async def _teams_edit(self, request: web.Request) -> web.Response:
        at, response = time.perf_counter(), await super()._teams_edit(request)
        if response.status < 300:
            self._note("edit", request, await request.json(), at)
        return response

    async def _teams_delete(self, request: web.Request) -> web.Response:
        response = await super()._teams_delete(request)
        self._note("delete", request, {}, time.perf_counter())
        return response

    def _note(self, method: str, request: web.Request, said: Json, at: float) -> Seen | None:
        seen = self.seen.get(request.match_info["conversation"])
        if seen is None:
            return None
        seen.calls.append((method, {"about": request.match_info.get("activity", ""), "said": said}))
        if said.get("text") or said.get("attachments"):
            seen.first = seen.first or at
        if not seen.words and WORDS in orjson.dumps(said):
            seen.words = at
        if any("AIGeneratedContent" in (it.get("additionalType") or ()) for it in said.get("entities") or ()):
            seen.done.set()
        return seen


def replaced(value: Any, names: Mapping[str, str]) -> Any:
    """The same with other strings where they have another name."""
    match value:
        case str():
            return names.get(value, value)
        case dict():
            return {key: replaced(it, names) for key, it in value.items()}
        case list():
            return [replaced(it, names) for it in value]
    return value


def _method(said: Json) -> str:
    if not stream_of(said):
        return "post"
    return "stream" if said.get("type") == "typing" else "final"


def _of_tenant(payload: Payload, number: int) -> Payload:
    """The same in another tenant."""
    tenant = f"00000000-0000-4000-8000-{number:012}"
    body = orjson.loads(payload.body)
    body["conversation"]["tenantId"] = body["channelData"]["tenant"]["id"] = tenant
    return Payload(payload.path, orjson.dumps(body), payload.kind)
