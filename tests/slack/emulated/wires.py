"""How Slack's payloads reach the app: signed HTTP, or Socket Mode, to one replica of several, and again if need be."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlencode

import aiohttp
from aiohttp import WSMsgType, web
from slack_sdk.signature import SignatureVerifier

Kind = Literal["events_api", "interactive", "slash_commands"]
Payload = Mapping[str, Any]

ACK_SECONDS: Final = 3.0
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Heard:
    """What the app said to a delivery: whether it has it, and what came with that."""

    taken: bool
    body: Any = None
    status: int = 0

    @property
    def text(self) -> str:
        """The line that came with the acknowledgement."""
        return str(self.body.get("text", "")) if isinstance(self.body, dict) else str(self.body or "")


class Wire(Protocol):
    """A way to the app."""

    async def send(self, kind: Kind, payload: Payload, retry: int) -> Heard:
        """Delivers once; never raises."""


class Http:
    """Signed requests, to each of the replicas in turn."""

    def __init__(self, urls: list[str], secret: str) -> None:
        self.urls = urls
        self._secret = secret
        self._turn = count()

    async def send(self, kind: Kind, payload: Payload, retry: int) -> Heard:
        """Posts to the next replica."""
        body, content = _body(kind, payload)
        stamp = str(int(time.time()))
        signature = SignatureVerifier(self._secret).generate_signature(timestamp=stamp, body=body) or ""
        headers = {"Content-Type": content, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": "http_timeout"}
        url = self.urls[next(self._turn) % len(self.urls)]
        try:
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ACK_SECONDS)) as session:
                async with session.post(url, data=body.encode(), headers=headers) as response:
                    return Heard(response.status == 200, _read(await response.text()), response.status)
        except (aiohttp.ClientError, TimeoutError):
            return Heard(False)


@dataclass
class Sockets:
    """Socket Mode: each envelope goes to one of the open connections."""

    links: list[web.WebSocketResponse] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    ack_seconds: float = ACK_SECONDS
    _waiting: dict[str, asyncio.Future[Any]] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    async def send(self, kind: Kind, payload: Payload, retry: int) -> Heard:
        """Sends to the next connection, and waits for it to acknowledge."""
        number = next(self._numbers)
        envelope: dict[str, Any] = {"envelope_id": f"envelope-{number}", "type": kind, "payload": payload}
        envelope |= {"accepts_response_payload": kind != "events_api"}
        envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""} if kind == "events_api" else {}
        acknowledged = self._waiting[f"envelope-{number}"] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self.ack_seconds):
                await self.opened.wait()
                await self.links[number % len(self.links)].send_json(envelope)
                return Heard(True, await acknowledged)
        except (TimeoutError, ConnectionError):
            return Heard(False)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """A connection, from `hello` to its end."""
        link = web.WebSocketResponse(heartbeat=5)
        await link.prepare(request)
        self.links.append(link)
        hello = {"num_connections": len(self.links), "connection_info": {"app_id": "A0GEIST01"}}
        await link.send_json({"type": "hello", **hello, "debug_info": {"approximate_connection_time": 18060}})
        self.opened.set()
        async for frame in link:
            if frame.type is WSMsgType.TEXT:
                self._acknowledged(json.loads(frame.data))
        self._gone(link)
        return link

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Slack asks for new connections, and closes the old ones."""
        for link in list(self.links):
            self._gone(link)
            await link.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "applink-1"}})
            await link.close()

    async def cut(self) -> None:
        """All connections break."""
        for link in list(self.links):
            self._gone(link)
            await link.close()

    def _gone(self, link: web.WebSocketResponse) -> None:
        self.links = [one for one in self.links if one is not link]
        if not self.links:
            self.opened.clear()

    def _acknowledged(self, frame: Payload) -> None:
        waiting = self._waiting.pop(frame.get("envelope_id", ""), None)
        if waiting and not waiting.done():
            waiting.set_result(frame.get("payload"))


class Deliveries:
    """Hands payloads to the app as Slack does: events again until they are taken, all else once.

    `copies` is how often each event comes, taken or not; `twins` whether a mention comes as a message too.
    """

    def __init__(self) -> None:
        self.wire: Wire | None = None
        self.copies = 1
        self.pause = 0.05  # seconds, for Slack's none, one minute and five
        self.delivered: list[tuple[Kind, Payload, int]] = []
        self.untaken: list[Payload] = []
        self._under_way: set[asyncio.Task[Any]] = set()

    async def send(self, kind: Kind, payload: Payload) -> Heard:
        """Delivers, again where Slack would."""
        heard = Heard(False)
        if self.wire is None:  # nobody uses the app yet
            return heard
        for retry in range(4 if kind == "events_api" else 1):
            if heard.taken and retry >= self.copies:
                break
            if retry and not heard.taken:
                await asyncio.sleep(self.pause)
            self.delivered.append((kind, payload, retry))
            heard = await self.wire.send(kind, payload, retry)
        if not heard.taken:
            self.untaken.append(payload)
        return heard

    def start(self, work: Any) -> None:
        """Does something of Slack's own in the background."""
        task = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def settled(self) -> None:
        """Waits until nothing is under way."""
        while self._under_way:
            await asyncio.gather(*self._under_way)

    async def close(self) -> None:
        """Drops what is under way."""
        self.wire = None
        for task in list(self._under_way):
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


def _body(kind: Kind, payload: Payload) -> tuple[str, str]:
    match kind:
        case "events_api":
            return json.dumps(payload), "application/json"
        case "interactive":
            return urlencode({"payload": json.dumps(payload)}), _FORM
        case "slash_commands":
            return urlencode(payload), _FORM


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
