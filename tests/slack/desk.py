"""What the Slack scenarios stand on: a dispatcher with one answer, and our routes on a real server."""

import asyncio
import contextlib
import json
import socket
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import uvicorn
from slack_sdk.signature import SignatureVerifier
from starlette.applications import Starlette

from adapters.slack import SlackAdapter
from adapters.slack_calls import SlackCalls
from adapters.slack_workspaces import OneWorkspace
from bot.answers import Answer, Reply, Source
from bot.dispatch import Dispatcher
from bot.errors import HausgeistError, StateDown
from bot.events import Case, Edited, Event, Feedback, Receipt, Turn
from bot.pace import FreePace
from bot.ticket import FreeTicket, Ticket
from tests.slack.standin import SlackStandIn

SECRET: Final = "8f742231b10e8888abcd99yyyzzz85a5"

ANSWER: Final = Answer(
    text="You have **25 days** of annual leave a year [1]. Up to 5 may be carried over until the end of March [2].",
    trace_id="0b5c1f7e",
    sources=(
        Source(1, "hr/leave.md", "Annual leave", "…", "https://house.example/d/leave", "People team", "2026-03-01"),
        Source(
            2, "hr/carry-over.pdf", "Carry-over <of> leave & overtime", "…", "/console/d/carry-over", "", "2025-11-12"
        ),
    ),
    masked=("PERSON", "EMAIL_ADDRESS"),
)


class OneAnswer(Dispatcher):
    """Notes what it takes, drops what it saw, and gives every question the same answer, in these pieces."""

    def __init__(self, answer: Answer = ANSWER, pieces: tuple[str, ...] = ("You have ", "**25 days**")) -> None:
        self.answer = answer
        self.pieces = pieces
        self.error: HausgeistError | None = None
        self.receipt = Receipt()  # what becomes of every event
        self.down = False
        self.broken = False
        self.offered = 0
        self.events: list[Event] = []
        self.names: list[str] = []
        self._opened: dict[str, Callable[[Turn, Ticket], Reply]] = {}
        self._seen: set[str] = set()
        self._answering: set[asyncio.Task[None]] = set()

    def register(self, platform: str, open_reply: Callable[[Turn, Ticket], Reply], *_: Any, **__: Any) -> None:
        self._opened[platform] = open_reply

    async def accept(self, event: Event) -> Receipt:
        self.offered += 1
        if self.down:
            raise StateDown("The store does not answer.")
        if self.broken:
            raise ValueError(f"broken by {event}")
        marks = {event.event_id}
        marks |= {event.message_id} if isinstance(event, Turn) else set()
        marks |= {event.version} if isinstance(event, Edited) else set()
        if self._seen & marks or getattr(event, "call", "addressed") != "addressed":
            return Receipt(new=False)
        self._seen |= marks
        self.events.append(event)
        if isinstance(event, Turn) and event.call == "addressed":
            reply = self._opened[event.platform](event, FreeTicket(key=event.message_id))
            self._answering.add(asyncio.create_task(self._recite(reply)))
        return self.receipt

    async def case(self, message_id: str) -> Case | None:
        return self.receipt.case

    async def idle(self) -> None:
        """Waits until every question is answered."""
        await asyncio.gather(*self._answering)

    @property
    def turns(self) -> list[Turn]:
        return [event for event in self.events if isinstance(event, Turn)]

    @property
    def feedback(self) -> list[Feedback]:
        return [event for event in self.events if isinstance(event, Feedback)]

    async def _recite(self, reply: Reply) -> None:
        await reply.status("searching")
        for piece in self.pieces:
            await reply.write(piece)
        if self.error:
            await reply.fail(self.error, self.answer.trace_id)
        else:
            self.names.append(await reply.finish(self.answer))


class Desk:
    """Slack's side of our HTTP door: posts what it is given, signed."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = self.url = url

    async def event(self, payload: dict[str, Any], **how: Any) -> int:
        """Posts an event as Slack does; returns the status."""
        return (await self.post(json.dumps(payload), **how))[0]

    async def slash(self, command: str, channel: str = "C0GENERAL") -> tuple[int, str]:
        """Posts a slash command as Slack does; returns status and text."""
        name, _, text = command.partition(" ")
        form = recorded("slash_command") | {"command": name, "text": text, "channel_id": channel}
        return await self.post(urlencode(form), kind="application/x-www-form-urlencoded")

    async def button(self, payload: dict[str, Any]) -> int:
        """Posts a pressed button as Slack does; returns the status."""
        form = "application/x-www-form-urlencoded"
        return (await self.post(urlencode({"payload": json.dumps(payload)}), kind=form))[0]

    async def post(
        self,
        body: str | bytes,
        *,
        secret: str = SECRET,
        at: str | None = None,
        kind: str = "application/json",
        **more: str,
    ) -> tuple[int, str]:
        """Posts a body, signed with `secret` at the time `at`; returns status and text."""
        stamp = str(int(time.time())) if at is None else at
        raw = body.encode() if isinstance(body, str) else body
        readable = raw.decode(errors="replace")
        signature = SignatureVerifier(secret).generate_signature(timestamp=stamp, body=readable) or ""
        headers = {"Content-Type": kind, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature, **more}
        async with self._session.post(self._url, data=raw, headers=headers) as response:
            return response.status, await response.text()


@contextlib.asynccontextmanager
async def opened(adapter: SlackAdapter) -> AsyncIterator[Desk]:
    """Serves the adapter's routes on loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(Starlette(routes=adapter.routes()), lifespan="off", log_config=None)
        config.load()
        server = uvicorn.Server(config)
        server.lifespan = config.lifespan_class(config)
        await server.startup(sockets=[listener])  # not `serve`, whose loop looks up only ten times a second
        async with aiohttp.ClientSession() as session:
            yield Desk(session, f"http://127.0.0.1:{listener.getsockname()[1]}/slack/events")
        await server.shutdown(sockets=[listener])


def calls(slack: SlackStandIn) -> SlackCalls:
    """Calls to the workspace, as fast as they come."""
    return SlackCalls(OneWorkspace(slack.lines, slack.bot_token), FreePace(), "T0HOUSE")


def recorded(name: str) -> dict[str, Any]:
    """A recorded payload."""
    payload: dict[str, Any] = json.loads((Path(__file__).parent / "payloads" / f"{name}.json").read_text("utf-8"))
    return payload
