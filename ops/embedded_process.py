"""Keeps one server running for one data directory, whoever comes, crashes or goes; knows no particular server.

`NAME.owner` is locked by the process that keeps the server, `NAME.pid` by the server itself, `NAME.json` says where it
listens. Whoever gets the owner's lock ends what is left of the server before it starts another; whoever does not get it
uses the owner's server, and takes over when the owner is gone.
"""

import asyncio
import fcntl
import json
import logging
import os
import signal
import sys
import threading
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

_LAUNCH = str(Path(__file__).with_name("embedded_launch.py"))
_POLL_S = 0.1
_STOP_S = 10.0
_MAX_DELAY_S = 30.0

log = logging.getLogger(__name__)


class StartError(Exception):
    """An embedded server could not be started; the text is one line that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a server listens, and the key it asks for."""

    url: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """What to execute, what to tell it on stdin, and how politely it runs."""

    argv: tuple[str, ...]
    cwd: Path
    stdin: str = ""
    nice: int = 0
    death_signal: str = "SIGTERM"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one kind of server is started, recognised as ready, and its failure explained.

    `endpoint` chooses an address, given the one that an earlier owner used; later starts keep to the choice.
    """

    name: str
    endpoint: Callable[[Endpoint | None], Endpoint]
    command: Callable[[Endpoint], Command]
    answers: Callable[[Endpoint], Awaitable[bool]]
    explain: Callable[[int, str], str]
    patience_s: float


@asynccontextmanager
async def kept_running(recipe: Recipe, run: Path) -> AsyncIterator[Endpoint]:
    """The server's endpoint, which stays the same while the server is restarted or changes its owner."""
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("embedded servers are started from the main thread: they end with the thread")
    server = _Server(recipe, run)
    try:
        endpoint = await server.join()
        watcher = asyncio.create_task(server.watch())
        try:
            yield endpoint
        finally:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher
    finally:
        await server.leave()


class _Server:
    """A server that is ours to keep alive, or another process's to use."""

    def __init__(self, recipe: Recipe, run: Path) -> None:
        self._recipe = recipe
        self._run = run
        self._lock = self._file("owner").open("a")
        self._endpoint: Endpoint | None = None
        self._process: Process | None = None

    async def join(self) -> Endpoint:
        """Starts the server, or waits for the one that another process keeps."""
        patience = time.monotonic() + self._recipe.patience_s
        while not self._own():
            self._endpoint = self._known_endpoint()
            if self._endpoint and await self._recipe.answers(self._endpoint):
                return self._endpoint
            if time.monotonic() > patience:
                raise StartError(
                    f"{self._recipe.name}: another process keeps it on this data directory, but it is silent"
                )
            await asyncio.sleep(_POLL_S)
        return await self._start()

    async def watch(self) -> None:
        """Restarts the server when it ends, and takes it over when its owner goes; never returns."""
        delay = _POLL_S
        while True:
            began = time.monotonic()
            await self._gone()
            delay = _POLL_S if time.monotonic() - began > _MAX_DELAY_S else min(2 * delay, _MAX_DELAY_S)
            await asyncio.sleep(delay)
            try:
                await self._start()
            except (StartError, OSError) as error:
                log.error("embedded server down", extra={"server": self._recipe.name, "reason": str(error)})

    async def leave(self) -> None:
        """Stops the server if it is ours; whoever else uses it takes over."""
        if self._process:
            await self._stop()
            self._file("json").unlink(missing_ok=True)
        self._lock.close()

    def _file(self, suffix: str) -> Path:
        return self._run / f"{self._recipe.name}.{suffix}"

    def _own(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _known_endpoint(self) -> Endpoint | None:
        try:
            return Endpoint(**json.loads(self._file("json").read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    async def _gone(self) -> None:
        """Returns when the server is to be started by us."""
        if self._process:
            status = await self._process.wait()
            log.warning("embedded server ended", extra={"server": self._recipe.name, "status": status})
        while not self._own():  # noqa: ASYNC110  # flock cannot be awaited
            await asyncio.sleep(_POLL_S)

    async def _start(self) -> Endpoint:
        await self._end_leftover()
        self._endpoint = endpoint = self._endpoint or self._recipe.endpoint(self._known_endpoint())
        self._publish(endpoint)
        process = await self._spawn(self._recipe.command(endpoint))
        patience = time.monotonic() + self._recipe.patience_s
        while not await self._recipe.answers(endpoint):
            if process.returncode is not None:
                raise StartError(self._recipe.explain(process.returncode, self._last_words()))
            if time.monotonic() > patience:
                await self._stop()
                raise StartError(f"{self._recipe.name}: still silent after {self._recipe.patience_s:.0f} s")
            await asyncio.sleep(_POLL_S)
        return endpoint

    async def _end_leftover(self) -> None:
        """Ends a server whose owner is gone; on Linux it is ending already, elsewhere it may have stayed."""
        patience = time.monotonic() + _STOP_S
        with self._file("pid").open("a+") as pid_file:
            while not _free(pid_file.fileno()):
                pid_file.seek(0)
                late = time.monotonic() > patience
                with suppress(ValueError, ProcessLookupError):
                    os.kill(int(pid_file.read()), signal.SIGKILL if late else signal.SIGTERM)
                if time.monotonic() > patience + _STOP_S:
                    raise StartError(f"{self._recipe.name}: an earlier one does not end; end process {pid_file.name}")
                await asyncio.sleep(_POLL_S)

    def _publish(self, endpoint: Endpoint) -> None:
        draft = self._file("json.new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(endpoint)))
        draft.replace(self._file("json"))

    async def _spawn(self, command: Command) -> Process:
        options = (str(os.getpid()), str(self._file("pid")), str(command.nice), command.death_signal)
        with self._file("log").open("wb") as output:
            self._process = process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-IS",
                _LAUNCH,
                *options,
                *command.argv,
                stdin=PIPE,
                stdout=output,
                stderr=STDOUT,
                cwd=command.cwd,
                start_new_session=True,  # else Ctrl-C reaches it before we have drained
            )
        assert process.stdin
        process.stdin.write(command.stdin.encode())
        process.stdin.close()
        with suppress(BrokenPipeError, ConnectionResetError):
            await process.stdin.wait_closed()
        return process

    def _last_words(self) -> str:
        lines = self._file("log").read_text(errors="replace").strip().splitlines()
        return "\n".join(lines[-20:])

    async def _stop(self) -> None:
        assert self._process
        with suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), _STOP_S)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


def _free(descriptor: int) -> bool:
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    fcntl.lockf(descriptor, fcntl.LOCK_UN)
    return True
