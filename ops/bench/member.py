"""A process that is started again whenever it dies, as systemd would; it can be killed, frozen and kept away."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ops import embedded_launch

PAUSE: Final = 0.2  # between a death and the next start
READY_SECONDS: Final = 90.0
MOST_DEATHS: Final = 5  # on the way to being ready


@dataclass(slots=True)
class Member:
    """One of the fleet; `answers` asks it whether it is ready. Its log and pid file stand in `folder`."""

    name: str
    command: Sequence[str]
    folder: Path
    environment: Mapping[str, str]
    answers: Callable[[], Awaitable[bool]]
    url: str = ""
    deaths: int = 0
    frozen: bool = False
    _process: asyncio.subprocess.Process | None = None
    _wanted: asyncio.Event = field(default_factory=asyncio.Event)
    _keeping: asyncio.Task[None] | None = None

    @property
    def log(self) -> Path:
        """What it wrote, of all its lives."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """Its process, 0 while there is none."""
        return self._process.pid if self._process and self._process.returncode is None else 0

    @property
    def cpu_seconds(self) -> float:
        """What its present process has used, in user and system mode."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def start(self) -> None:
        """Starts it, and again whenever it ends, until `end`."""
        self._wanted.set()
        self._keeping = asyncio.create_task(self._keep(), name=f"keeping {self.name}")

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Sends its process a signal, if there is one."""
        with contextlib.suppress(ProcessLookupError):
            if self._process and self._process.returncode is None:
                self._process.send_signal(how)

    async def freeze(self, seconds: float) -> None:
        """Stops it in the midst of what it does, for so long."""
        self.frozen = True
        self.kill(signal.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.kill(signal.SIGCONT)
            self.frozen = False

    @contextlib.asynccontextmanager
    async def away(self) -> AsyncIterator[None]:
        """Kills it and keeps it away within the block."""
        self._wanted.clear()
        self.kill()
        try:
            yield
        finally:
            self._wanted.set()

    async def ready(self) -> None:
        """Waits until it answers. Raises OSError if it does not in time, or dies again and again."""
        last = self.deaths + MOST_DEATHS
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(READY_SECONDS):
                while self.deaths < last:
                    if self.pid and await self.answers():
                        return
                    await asyncio.sleep(0.05)
        raise OSError(f"{self.name} did not become ready; see {self.log}")

    async def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Ends it for good."""
        if self._keeping:
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        self.kill(signal.SIGCONT)
        self.kill(how)
        if self._process:
            await self._process.wait()

    async def _keep(self) -> None:
        while True:
            await self._wanted.wait()
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._launch(), cwd=self.folder, env=dict(self.environment), stdout=log, stderr=log
                )
            await self._process.wait()
            self.deaths += 1
            await asyncio.sleep(PAUSE)

    def _launch(self) -> list[str]:
        """The command, in such a way that it does not outlive us."""
        pid_file = self.folder / f"{self.name}.pid"
        launcher = [sys.executable, "-I", "-S", embedded_launch.__file__]
        return [*launcher, str(os.getpid()), str(pid_file), "0", "SIGKILL", *self.command]
