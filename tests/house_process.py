"""`hausgeist` as a process of its own, as users run it."""

import asyncio
import os
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

COMMAND = Path(sys.executable).with_name("hausgeist")


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Nothing of ours but the path, a home of its own, and the settings."""
    return {"PATH": os.defpath, "HOME": str(folder), "HAUSGEIST_DATA_DIR": str(folder / "data"), **settings}


@dataclass(frozen=True)
class Outcome:
    """How a command ended."""

    status: int
    out: str
    err: str


async def hausgeist(folder: Path, *words: str, stdin: str = "", **settings: str) -> Outcome:
    """Runs a command to its end."""
    process = await asyncio.create_subprocess_exec(
        COMMAND, *words, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=folder, env=environment(folder, **settings)
    )
    out, err = await process.communicate(stdin.encode())
    return Outcome(process.returncode or 0, out.decode(), err.decode())


@dataclass(frozen=True)
class House:
    """A running service."""

    process: Process
    url: str

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ends it, and waits until it has."""
        self.process.send_signal(how)
        return await self.process.wait()


@asynccontextmanager
async def served(folder: Path, log: Path, **settings: str) -> AsyncIterator[House]:
    """`hausgeist serve`, ready; its log goes to a file."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    env = environment(folder, HAUSGEIST_BIND=f"127.0.0.1:{port}", **settings)
    with log.open("ab") as lines:
        process = await asyncio.create_subprocess_exec(COMMAND, "serve", cwd=folder, env=env, stderr=lines)
    house = House(process, f"http://127.0.0.1:{port}")
    try:
        await _ready(house, log)
        yield house
    finally:
        if process.returncode is None:
            await house.end()


async def _ready(house: House, log: Path) -> None:
    async with aiohttp.ClientSession() as session:
        while house.process.returncode is None:
            try:
                async with session.get(f"{house.url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
    raise AssertionError(log.read_text())
