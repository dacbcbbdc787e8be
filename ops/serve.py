"""Runs the service in one of its roles, or in all: takes events, answers them, fires the jobs, until a signal.

Then it drains: readiness turns false, what runs is finished or handed over, HTTP closes last.
"""

import asyncio
import logging
import os
import signal
import socket
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from typing import Final, Literal

import uvicorn
from redis.exceptions import RedisError

from adapters.console import Part, State
from bot.keys import DAY
from bot.model import ExtractiveModel
from bot.worker import Worker
from ops.build import Service, service
from ops.doors import Demo, chats, direct
from ops.gaps_job import WEEK, report_gaps
from ops.jobs import HOUR, Jobs
from ops.people import sweep
from ops.settings import Settings
from ops.web import Adapter, application
from rag.errors import LibraryError
from rag.library import Stats

LABELS: Final = {"slack": "Slack", "teams": "Teams", "api": "API", "console": "Console"}
VERSION: Final = version("hausgeist")

LINGER_SECONDS: Final = 1.0
POLITE: Final = 5  # who answers gives way to who acknowledges, where they share a machine

Role = Literal["all", "web", "worker", "scheduler"]

log = logging.getLogger(__name__)


class PortTaken(Exception):
    """The address to serve on is in use, or not ours."""


@dataclass(slots=True)
class Server:
    """Everything built and started, with its open port, if it has one."""

    parts: Service
    listener: socket.socket | None
    role: Role = "all"
    platforms: Sequence[Adapter] = ()  # through which answers go out
    adapters: Sequence[Adapter] = ()  # through which questions come in
    worker: Worker | None = None
    begun: float = field(default_factory=time.monotonic)
    draining: bool = False
    _asked_to_stop: asyncio.Event = field(default_factory=asyncio.Event)
    _failure: BaseException | None = None

    @property
    def port(self) -> int:
        """The port that is served."""
        return int(self.listener.getsockname()[1]) if self.listener else 0

    @property
    def url(self) -> str:
        """Where a browser on this machine finds us; empty where nothing is served."""
        host = self.parts.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/" if self.listener else ""

    async def serve(self) -> None:
        """Works until SIGTERM, SIGINT or `stop`, then drains. Raises what ended a part that must not end."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        http = self._http()
        serving = asyncio.create_task(http.serve(sockets=[self.listener])) if http and self.listener else None
        working = asyncio.create_task(self.worker.run()) if self.worker else None
        for task in filter(None, (serving, working)):
            task.add_done_callback(self._ended)
        await self._asked_to_stop.wait()
        log.info("finishing what was asked")
        self.draining = True
        until = loop.time() + self.parts.settings.grace_seconds
        for adapter in self.adapters:
            await adapter.stop_taking()
        if self.worker and working:
            await self.worker.drain(self.parts.settings.grace_seconds, empty=self.role == "all")
            working.cancel()
        if http and serving:
            # Balancers look once a second or so: until they have seen that we are not ready, they send us more.
            await asyncio.sleep(min(LINGER_SECONDS, max(0, until - loop.time())))
            http.config.timeout_graceful_shutdown = max(1, round(until - loop.time()))
            http.should_exit = True
            await asyncio.wait([serving])
        if self._failure:
            raise self._failure

    def stop(self) -> None:
        """Ends `serve`; asked a second time, hands over at once what runs."""
        if self.draining and self.worker:
            self.worker.hand_over()
        self._asked_to_stop.set()

    async def summary(self) -> dict[str, object]:
        """What runs, for the first line of the log."""
        state = await self.state()
        names = [adapter.name for adapter in self.platforms]
        return {"url": self.url, "version": VERSION, "model": state.model, "documents": state.documents, "open": names}

    async def ready(self) -> dict[str, bool]:
        """Which parts work; while we drain, none that takes anything."""
        try:
            state = bool(await self.parts.redis.ping())
        except (RedisError, OSError):
            state = False
        knowledge = await asyncio.to_thread(self._stats) is not None
        return {"state": state, "knowledge": knowledge, "taking": not self.draining}

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
                *(_part(adapter) for adapter in self.platforms),
            ),
            documents=stats.documents,
            passages=stats.passages,
            last_sync=stats.last_sync,
            uptime=time.monotonic() - self.begun,
        )

    def _http(self) -> uvicorn.Server | None:
        if self.listener is None:
            return None
        app = application(self.adapters, self.parts.metrics.exposition, self.ready, VERSION)
        return _Uvicorn(uvicorn.Config(app, log_config=None, access_log=False))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part ended that serves for ever: so does the whole, and whoever runs us starts it again."""
        if not task.cancelled() and (error := task.exception()):
            self._failure = error
        self._asked_to_stop.set()

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


async def serve(settings: Settings, role: Role = "all") -> None:
    """Serves until a signal. Raises PortTaken, StartError, LibraryError before it serves."""
    if role in ("worker", "scheduler"):
        os.nice(POLITE)
    async with running(settings, role) as server:
        log.info("serving", extra={"role": role, **await server.summary()})
        await server.serve()


@asynccontextmanager
async def running(settings: Settings, role: Role = "all", demo: Demo | None = None) -> AsyncIterator[Server]:
    """A server with all parts of its role started; on leaving, all is stopped."""
    async with AsyncExitStack() as stack:
        # Workers and schedulers serve probes and metrics only where they are told a place for them.
        serves = role in ("all", "web") or "bind" in settings.model_fields_set
        listener = stack.enter_context(_listen(settings)) if serves else None
        parts = await stack.enter_async_context(service(settings))
        server = Server(parts, listener, role)
        server.platforms = chats(parts) if role != "scheduler" else []
        if role in ("all", "web"):
            server.platforms = server.adapters = [*direct(parts, server.state, demo or Demo()), *server.platforms]
        for adapter in server.platforms:
            stack.push_async_callback(_stopped, adapter, settings.grace_seconds)
        for adapter in server.adapters:
            await adapter.start()
        if role in ("all", "worker"):
            server.worker = Worker(parts.inbox, parts.dispatcher, parts.metrics, settings.slots)
        if role in ("all", "scheduler"):
            jobs = Jobs(parts.redis, parts.library, settings.sync_minutes, settings.retention_days)
            jobs.add("gaps", WEEK * DAY, partial(report_gaps, settings, parts.redis, parts.library), asked_seconds=HOUR)
            jobs.add("sweep", 60 * settings.sync_minutes, partial(sweep, parts.errands))
            await jobs.start()
            stack.push_async_callback(jobs.stop)
        yield server


def _part(adapter: Adapter) -> Part:
    """A platform as the state page shows it: by its socket, where it has one."""
    health = adapter.health()
    detail = {True: "socket connected", False: "no socket", None: "configured"}[health]
    return Part(LABELS.get(adapter.name, adapter.name), health is not False, detail)


async def _stopped(adapter: Adapter, seconds: float) -> None:
    """Closes an adapter, and waits only so long for who holds the line."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await adapter.stop()


def _listen(settings: Settings) -> socket.socket:
    """The open port, taken before anything heavy starts."""
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        reason = f"cannot serve on {settings.bind}: {os.strerror(error.errno or 0)}"
        raise PortTaken(f"{reason}; stop what uses it or set HAUSGEIST_BIND=127.0.0.1:8081") from error
