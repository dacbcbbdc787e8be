"""The Bot Connector on loopback: keeps all it takes, and refuses what Teams refuses."""

import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from aiohttp import web

from tests.teams.streams import Streams

LONGEST: Final = 100_000  # bytes of a whole message in UTF-16
CITATIONS: Final = 20
ROOT: Final = "https://schema.org/Message"


@dataclass(frozen=True, slots=True)
class Sent:
    """A call that the bot made to the connector; `id` is the message's, `reply_to` what a post replies to."""

    method: str
    service_url: str
    conversation: str
    reply_to: str
    activity: dict[str, Any]
    authorization: str
    id: str

    @property
    def text(self) -> str:
        """What people read, in a card or not."""
        blocks = [block for card in self.cards for block in card.get("body", [])]
        return "\n".join(filter(None, [self.activity.get("text"), *(block.get("text") for block in blocks)]))

    @property
    def cards(self) -> list[dict[str, Any]]:
        return [attachment["content"] for attachment in self.activity.get("attachments", [])]

    @property
    def buttons(self) -> list[tuple[str, dict[str, Any]]]:
        """What can be pressed, and what comes back then."""
        return [(action["title"], action["data"]) for card in self.cards for action in card["actions"]]

    @property
    def labelled(self) -> bool:
        """Whether it says that a model wrote it, as answers do."""
        return any("additionalType" in entity for entity in self.activity.get("entities", []))

    @property
    def stream(self) -> dict[str, Any]:
        """What it says of the stream it is part of; empty if of none."""
        entities = self.activity.get("entities", [])
        return next((entity for entity in entities if entity.get("type") == "streaminfo"), {})


@dataclass
class BotConnector:
    """Answers the next calls with `refusals` (None hangs up), then accepts again; the answers to the next `lost` calls
    get lost on their way, though what they say was taken. Neither counts for the next `after` calls.

    `naive` takes typing for typing and knows no streams, `nameless` tells no ids of what it takes. `members` and
    `chats` are what it knows of people and of conversations with one of them, each by the person's id. `throttles`
    sets the limits per conversation.
    """

    sent: list[Sent] = field(default_factory=list)
    refusals: deque[web.Response | None] = field(default_factory=deque)
    lost: int = 0
    after: int = 0
    calls: int = 0
    naive: bool = False
    nameless: bool = False
    throttles: bool = False
    members: dict[str, dict[str, Any]] = field(default_factory=dict)
    chats: dict[str, str] = field(default_factory=dict)
    streams: Streams = field(default_factory=Streams)
    clock: Callable[[], float] = time.monotonic
    _made: int = 0
    _shown: dict[str, Sent] = field(default_factory=dict)
    _times: dict[str, list[float]] = field(default_factory=dict)

    @property
    def messages(self) -> list[Sent]:
        """What people can read now, as it was edited last, in the order in which it was posted."""
        return list(self._shown.values())

    @property
    def texts(self) -> list[str]:
        """What stands in those of them that are more than buttons."""
        return [message.text for message in self.messages if message.text]

    @property
    def answers(self) -> list[Sent]:
        """The messages that are answers: what the AI label is on."""
        return [message for message in self.messages if message.labelled]

    @property
    def methods(self) -> list[str]:
        return [call.method for call in self.sent]

    def remove(self, message: str) -> None:
        """Someone deletes a message of ours."""
        del self._shown[message]

    def routes(self) -> list[web.RouteDef]:
        path = "/{region:.*}/v3/conversations"
        activities = path + "/{conversation}/activities"
        return [
            *(web.route(method, activities + end, self._take) for method, end in _CALLS),
            web.get(path + "/{conversation}/members/{user}", self._member),
            web.post(path, self._open),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        where = request.match_info
        said = await request.json() if request.can_read_body else {}
        service_url = f"{request.scheme}://{request.host}/{where['region']}"
        asked = (request.method, service_url, where["conversation"], where.get("activity", ""))
        return self.take(*asked, said, request.headers.get("Authorization", "")) or _hang_up(request)

    def take(
        self,
        method: str,
        service_url: str,
        conversation: str,
        known: str,
        said: dict[str, Any],
        signed: str = "",
    ) -> web.Response | None:
        """What a call about the activity `known` is answered; None where no answer comes."""
        self.calls += 1
        due, self.after = not self.after, max(0, self.after - 1)
        if self.refusals and due:
            return self.refusals.popleft()
        if self._too_fast(conversation):
            return refusal(429, Retry_After="1")
        if method != "POST" and known not in self._shown:
            return refusal(404, "ActivityNotFoundInConversation")
        post = method == "POST"
        message = f"answer-{1 + self._made}" if post else known
        call = Sent(method, service_url, conversation, known if post else "", said, signed, message)
        response = self._misshapen(call) or self._keep(call)
        if response.status < 400:
            self.sent.append(call)
            if self.lost and due:
                self.lost -= 1
                return None
        return response

    def _misshapen(self, call: Sent) -> web.Response | None:
        roots = [entity for entity in call.activity.get("entities", []) if entity.get("type") == ROOT]
        citations = [claim for root in roots for claim in root.get("citation", [])]
        if len(roots) > 1 or len(citations) > CITATIONS or not all(claim.get("appearance") for claim in citations):
            return refusal(400, "BadRequest")
        if len(json.dumps(call.activity, ensure_ascii=False).encode("utf-16-le")) > LONGEST:
            return refusal(413, "MessageSizeTooBig")
        both = call.activity.get("text") and call.activity.get("attachments")
        if both and call.stream.get("streamType") != "final":
            return refusal(400, "BadSyntax")  # "Activity resulted into multiple skype activities"
        return None

    def _keep(self, call: Sent) -> web.Response:
        typing = call.activity.get("type") == "typing"
        if call.method == "POST" and call.stream and not self.naive:
            return self._stream(call)
        if call.method != "POST" and (why := self.streams.fixed(call.id, call.method, self.clock())):
            return refusal(400, why) if call.method == "PUT" else web.Response()
        self._made += call.method == "POST"
        if call.method == "DELETE":
            del self._shown[call.id]
        elif not typing:
            self._shown[call.id] = call
        return web.json_response({} if self.nameless else {"id": call.id}, status=201 if call.method == "POST" else 200)

    def _stream(self, call: Sent) -> web.Response:
        """A piece of a stream, which people see as one message."""
        status, code, told = self.streams.take(call.conversation, call.id, call.activity, self.clock())
        if status >= 400:
            body = {"error": {"code": code, "message": told}}
            return web.json_response(body, status=status)
        message = code
        self._made += message == call.id
        self._shown[message] = Sent(**{**_fields(call), "id": message})
        return web.json_response({"id": message} if status == 201 else {}, status=status)

    def _too_fast(self, conversation: str) -> bool:
        now, times = self.clock(), self._times.setdefault(conversation, [])
        if self.throttles and any(sum(now - at < span for at in times) >= most for most, span in ((7, 1), (8, 2))):
            return True
        times.append(now)
        return False

    async def _member(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.refusals:
            return self.refusals.popleft() or _hang_up(request)
        member = self.members.get(request.match_info["user"])
        return web.json_response(member) if member else refusal(404, "MemberNotFoundInConversation")

    async def _open(self, request: web.Request) -> web.Response:
        self.calls += 1
        if self.refusals:
            return self.refusals.popleft() or _hang_up(request)
        wanted = await request.json()
        chat = self.chats.get(wanted["members"][0]["id"])
        return web.json_response({"id": chat}, status=201) if chat else refusal(403, "BotNotInConversationRoster")


_CALLS: Final = (("POST", ""), ("POST", "/{activity}"), ("PUT", "/{activity}"), ("DELETE", "/{activity}"))


def refusal(status: int, code: str = "Refused", **headers: str) -> web.Response:
    """What Teams says when it does not take a message."""
    body = {"error": {"code": code, "message": "not now"}}
    return web.json_response(body, status=status, headers={name.replace("_", "-"): it for name, it in headers.items()})


def _fields(call: Sent) -> dict[str, Any]:
    return {name: getattr(call, name) for name in Sent.__slots__}


def _hang_up(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.abort()
    return web.Response()
