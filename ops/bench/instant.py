"""Our own path with guard, retrieval and model replaced by instant ones, and processes that tell what they use.

A way runs as `python -m MODULE WAY PORT KNOWN`: the file KNOWN holds what it needs to know; GET /cpu tells the CPU
seconds that the process has used.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from bot.admission import Admission
from bot.answers import Answer, Reply, Source
from bot.assistant import Assistant
from bot.dispatch import Dispatcher
from bot.events import Event, Receipt, Turn
from bot.inbox import Inbox
from bot.language import READING, SEARCHING
from bot.memory import Memory
from bot.pace import FreePace, Pace, SharedPace
from bot.people import Directory
from bot.prompt import Prompt
from bot.seal import Seal
from bot.ticket import FreeTicket, Ticket
from bot.trace import Trace
from bot.veil import Veil
from bot.worker import Worker
from guardrails.masking import Span
from guardrails.pii import Guard
from ops.web import Adapter
from rag.passages import Hit, Passage

PIECES: Final = ("The answer to ", "that ", "stands in the handbook. ", "[1]")
TEXT: Final = "Everybody has 25 days of holiday a year. The answer to that stands in the handbook."
SLOTS: Final = 8
PAUSE: Final = 0.02  # seconds: about what the inbox takes

Known = Mapping[str, Any]
Build = Callable[[Dispatcher, Pace], Adapter]
Way = Callable[[Known], AbstractAsyncContextManager[Sequence[BaseRoute]]]


class _Instant(Guard):
    """A guard that finds nothing, at once."""

    async def detect(self, text: str) -> tuple[Span, ...]:  # noqa: ARG002
        return ()


class _Model:
    """A model that answers at once."""

    name = "instant"

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:  # noqa: ARG002
        for piece in PIECES:
            yield piece

    async def queue(self) -> int | None:
        return 0


class _Knowledge:
    """All that the company knows."""

    async def search(self, *_: object, **__: object) -> list[Hit]:
        return [Hit(Passage("leave.md#1", "leave.md", "Leave", "", TEXT, "People team", "2026-03-01"), 1.0)]

    async def holds_more(self, groups: frozenset[str], than: frozenset[str], collections: Collection[str]) -> bool:  # noqa: ARG002
        return False

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:  # noqa: ARG002
        return frozenset(doc_ids)


class _Journal:
    """A journal that keeps nothing."""

    def record(self, trace: Trace) -> None:
        """Nothing is kept."""


class _Direct(Dispatcher):
    """Answers every question at once, and keeps nothing."""

    def __init__(self) -> None:
        self._opened: dict[str, Callable[[Turn, Ticket], Reply]] = {}
        self._answering: set[asyncio.Task[None]] = set()

    def register(self, platform: str, open_reply: Callable[[Turn, Ticket], Reply], *_: Any, **__: Any) -> None:
        self._opened[platform] = open_reply

    async def accept(self, event: Event) -> Receipt:
        if isinstance(event, Turn):
            reply = self._opened[event.platform](event, FreeTicket(key=event.message_id))
            task = asyncio.create_task(_recite(reply, event.event_id))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        return Receipt()


async def _recite(reply: Reply, trace_id: str) -> None:
    """What the assistant says, with the pause in which its first words are shown."""
    await reply.status(SEARCHING["en"])
    await reply.status(READING["en"])
    for number, piece in enumerate(PIECES):
        await reply.write(piece)
        if number == len(PIECES) - 2:
            await asyncio.sleep(PAUSE)
    source = Source(1, "leave.md", "Leave", TEXT, "", "People team", "2026-03-01")
    await reply.finish(Answer("".join(PIECES), trace_id, (source,), title="Leave"))


@asynccontextmanager
async def whole(redis_url: str, build: Build) -> AsyncIterator[Sequence[BaseRoute]]:
    """Adapter, inbox, worker and memory."""
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(Redis.from_url(redis_url))
        model, journal, seal = _Model(), _Journal(), Seal(bytes(32))
        memory, inbox = Memory(redis, seal), Inbox(redis, seal)
        assistant = Assistant(Directory(), Veil(_Instant()), memory, _Knowledge(), model, Admission(model, 100, 60.0))
        dispatcher = Dispatcher(assistant, memory, inbox, journal)
        adapter = await stack.enter_async_context(_started(build(dispatcher, SharedPace(redis))))
        working = asyncio.create_task(Worker(inbox, dispatcher, journal, SLOTS).run())
        try:
            yield adapter.routes()
        finally:
            working.cancel()
            await asyncio.wait([working])


@asynccontextmanager
async def alone(build: Build) -> AsyncIterator[Sequence[BaseRoute]]:
    """The adapter with a dispatcher that answers at once."""
    async with _started(build(_Direct(), FreePace())) as adapter:
        yield adapter.routes()


@asynccontextmanager
async def _started(adapter: Adapter) -> AsyncIterator[Adapter]:
    await adapter.start()
    try:
        yield adapter
    finally:
        await adapter.stop()


def run(ways: Mapping[str, Way]) -> None:
    """Serves the way that the command line names, until it is ended."""
    name, port, known = sys.argv[1:]
    uvloop.run(_serve(ways[name], int(port), json.loads(Path(known).read_text())))


async def _serve(way: Way, port: int, known: Known) -> None:
    async with way(known) as routes:
        app = Starlette(routes=[*routes, Route("/cpu", _cpu)])
        await uvicorn.Server(uvicorn.Config(app, port=port, log_config=None, access_log=False, lifespan="off")).serve()


async def _cpu(_: Request) -> Response:
    return PlainTextResponse(str(time.process_time()))
