"""Runs the service: all parts, the platforms' adapters, HTTP and the jobs, until a signal; then drains."""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final, Literal

import uvicorn
from redis.exceptions import RedisError

from adapters.console import ConsoleAdapter, Part, State
from adapters.openai_api import Caller, OpenAIAPI
from bot.dispatch import TURN_SECONDS
from bot.errors import IndexDown
from bot.events import Person
from bot.model import ExtractiveModel
from ops.build import Service, service
from ops.jobs import scheduled
from ops.settings import Settings
from ops.web import Adapter, application
from rag.errors import LibraryError
from rag.library import Library, Stats
from rag.passages import Document

DRAIN_SECONDS: Final = TURN_SECONDS  # whoever runs us may have less patience, and kills
LABELS: Final = {"slack": "Slack", "teams": "Teams", "api": "API", "console": "Console"}
VERSION: Final = version("hausgeist")


log = logging.getLogger(__name__)


class PortTaken(Exception):
    """The address to serve on is in use, or not ours."""


@dataclass(frozen=True, slots=True)
class Demo:
    """What only a demo shows: people to play, and questions to begin with."""

    people: Sequence[Person] = ()
    examples: Sequence[str] = ()


@dataclass(slots=True)
class Server:
    """Everything built and started, with its open port."""

    parts: Service
    listener: socket.socket
    adapters: Sequence[Adapter] = ()
    begun: float = field(default_factory=time.monotonic)
    http: uvicorn.Server | None = None

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self.listener.getsockname()[1])

    @property
    def url(self) -> str:
        """Where a browser on this machine finds us."""
        host = self.parts.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    async def serve(self) -> None:
        """Serves HTTP until SIGTERM, SIGINT or `stop`."""
        app = application(self.adapters, self.parts.metrics.exposition, self.ready, VERSION)
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=int(DRAIN_SECONDS))
        self.http = _Uvicorn(config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        await self.http.serve(sockets=[self.listener])

    def stop(self) -> None:
        """Ends `serve`; asked a second time, does not wait for the answers under way either."""
        if self.http and self.http.should_exit:
            self.parts.dispatcher.abandon()
        elif self.http:
            self.http.should_exit = True

    async def summary(self) -> dict[str, object]:
        """What runs, for the first line of the log."""
        state = await self.state()
        names = [adapter.name for adapter in self.adapters]
        return {"url": self.url, "version": VERSION, "model": state.model, "documents": state.documents, "open": names}

    async def ready(self) -> dict[str, bool]:
        """Which parts work."""
        try:
            state = bool(await self.parts.redis.ping())
        except (RedisError, OSError):
            state = False
        return {"state": state, "knowledge": await asyncio.to_thread(self._stats) is not None}

    async def state(self) -> State:
        """What the console's state page shows."""
        stats = await asyncio.to_thread(self._stats) or Stats(0, 0, 0, "")
        works = await self.ready()
        embedded = self.parts.settings.redis_url is None
        return State(
            version=VERSION,
            model=self.parts.model.name,
            model_kind=self._model_kind(),
            parts=(
                Part("Memory", works["state"], "Valkey, embedded" if embedded else "Redis"),
                Part("Knowledge", works["knowledge"], self.parts.embedder.name),
                Part("Guard", True, "Presidio, " + ", ".join(self.parts.settings.languages)),
                *(Part(LABELS.get(adapter.name, adapter.name), True, "configured") for adapter in self.adapters),
            ),
            documents=stats.documents,
            passages=stats.passages,
            last_sync=stats.last_sync,
            uptime=time.monotonic() - self.begun,
        )

    def _model_kind(self) -> Literal["embedded", "remote", "extractive"]:
        if isinstance(self.parts.model, ExtractiveModel):
            return "extractive"
        return "remote" if self.parts.settings.model_url else "embedded"

    def _stats(self) -> Stats | None:
        """What is indexed; None where the index cannot be read."""
        try:
            return self.parts.library.stats()
        except LibraryError:
            return None


class _Uvicorn(uvicorn.Server):
    """Leaves signals to us: uvicorn's own way ends the process before we have drained."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures nothing."""
        yield


async def serve(settings: Settings) -> None:
    """Serves until a signal. Raises PortTaken, StartError, LibraryError before it serves."""
    async with running(settings) as server:
        log.info("serving", extra=await server.summary())
        await server.serve()
        log.info("finishing what was asked")


@asynccontextmanager
async def running(settings: Settings, demo: Demo | None = None) -> AsyncIterator[Server]:
    """A server with all parts started; on leaving, answers under way are finished, then all is stopped."""
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(_listen(settings))
        parts = await stack.enter_async_context(service(settings))
        server = Server(parts, listener)
        server.adapters = build_adapters(server, demo or Demo())
        for adapter in server.adapters:
            stack.push_async_callback(adapter.stop)
            await adapter.start()
        # Undone in reverse: nothing more is taken, what was taken is answered, then the ways out are closed.
        stack.push_async_callback(parts.dispatcher.drain, DRAIN_SECONDS)
        for adapter in server.adapters:
            stack.push_async_callback(adapter.stop_taking)
        jobs = scheduled(parts.library, settings.sync_minutes)
        jobs.start()
        stack.callback(jobs.shutdown, wait=False)
        yield server


def build_adapters(server: Server, demo: Demo) -> list[Adapter]:
    """The adapters of every platform that is configured; the others are simply off."""
    parts, settings = server.parts, server.parts.settings

    async def embed(texts: Sequence[str]) -> list[list[float]]:
        vectors = await asyncio.to_thread(parts.embedder.passages, list(texts))
        return [[float(x) for x in vector] for vector in vectors]

    adapters: list[Adapter] = [
        ConsoleAdapter(
            parts.dispatcher, _Shelf(parts.library), server.state, demo_people=demo.people, examples=demo.examples
        ),
        OpenAIAPI(parts.dispatcher, embed, [_caller(entry) for entry in settings.api_keys]),
    ]
    if settings.slack_bot_token.get_secret_value():
        adapters.append(_slack(server))
    if settings.microsoft_app_id or settings.teams_insecure:
        adapters.append(_teams(server))
    return adapters


@dataclass(frozen=True, slots=True)
class _Shelf:
    """The library as the console knows it: with errors in our own words."""

    library: Library

    def document(self, doc_id: str, groups: frozenset[str]) -> Document | None:
        """The document, if the groups may read it."""
        try:
            return self.library.document(doc_id, groups)
        except LibraryError as error:
            raise IndexDown("The documents cannot be read at the moment.") from error


def _slack(server: Server) -> Adapter:
    from adapters.slack import SlackAdapter

    settings = server.parts.settings
    return SlackAdapter(
        server.parts.dispatcher,
        bot_token=settings.slack_bot_token.get_secret_value(),
        signing_secret=settings.slack_signing_secret.get_secret_value(),
        app_token=settings.slack_app_token.get_secret_value() or None,
        api_url=settings.slack_api_url,
    )


def _teams(server: Server) -> Adapter:
    from adapters.teams import TeamsAdapter  # its SDK takes more than a second to import

    settings = server.parts.settings
    return TeamsAdapter(
        server.parts.dispatcher,
        app_id=settings.microsoft_app_id,
        app_password=settings.microsoft_app_password.get_secret_value(),
        tenant_id=settings.microsoft_app_tenant_id,
        app_type=settings.microsoft_app_type,
        service_urls=settings.teams_service_urls,
        insecure=settings.teams_insecure,
    )


def _caller(entry: str) -> Caller:
    name, key, *groups = entry.split(":")
    return Caller(name, key, frozenset("+".join(groups).split("+")) - {""})


def _listen(settings: Settings) -> socket.socket:
    """The open port, taken before anything heavy starts."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        reason = f"cannot serve on {settings.bind}: {os.strerror(error.errno or 0)}"
        raise PortTaken(f"{reason}; stop what uses it or set HAUSGEIST_BIND=127.0.0.1:8081") from error
