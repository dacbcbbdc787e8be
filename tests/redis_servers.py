"""Valkey servers for tests: one that can be killed, held and started again, a cluster of three, one with a sentinel."""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ops.embedded import valkey_binary

SLOTS = 16384
LAUNCH = Path(__file__).parents[1] / "ops" / "embedded_launch.py"


@dataclass
class ValkeyServer:
    """A Valkey on loopback; `kill` and `start` again keeps its port and, with `aof`, its data."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    aof: bool = True
    options: dict[str, str] = field(default_factory=dict)
    process: Process | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"redis://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Starts it, for the first time or again; returns when it answers."""
        aof = {"appendonly": "yes" if self.aof else "no", "appendfsync": "always"}
        options = {"port": str(self.port), "bind": "127.0.0.1", "locale-collate": "C"} | aof | self.options
        words = (word for name, value in options.items() for word in (f"--{name}", *value.split()))
        await self.launch("--save", "", *words)

    async def launch(self, *words: str) -> None:
        """Starts it with these words, and waits until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # The launcher sees to it that the server ends with the tests, however they end.
        launch = (sys.executable, "-IS", str(LAUNCH), str(os.getpid()), str(self.folder / "pid"), "0", "SIGKILL")
        self.process = await asyncio.create_subprocess_exec(
            *launch, str(valkey_binary()), *words, cwd=self.folder, stdout=DEVNULL
        )
        while await answer(self.port, "PING") is None:
            assert self.process.returncode is None, f"Valkey ended: {words}"
            await asyncio.sleep(0.01)

    async def kill(self) -> None:
        """Ends it as a power cut would; well if it has ended already."""
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def restart(self) -> None:
        """Kills it and starts it again."""
        await self.kill()
        await self.start()

    def pause(self) -> None:
        """Holds it (SIGSTOP): connections stay open, and nothing answers."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Lets it go on."""
        assert self.process
        self.process.send_signal(signal.SIGCONT)


@asynccontextmanager
async def valkey_server(*, aof: bool = True, **options: str) -> AsyncIterator[ValkeyServer]:
    """One server; options as in its configuration, with underscores (`maxmemory="5mb"`)."""
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        async with AsyncExitStack() as stack:
            given = {name.replace("_", "-"): value for name, value in options.items()}
            yield await _started(stack, ValkeyServer(Path(folder), aof=aof, options=given))


@asynccontextmanager
async def valkey_cluster(*, aof: bool = True) -> AsyncIterator[str]:
    """The URL of a cluster of three masters that share all slots."""
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        async with AsyncExitStack() as stack:
            ports = free_ports(6)
            for port, bus in zip(ports[:3], ports[3:], strict=True):
                options = {"cluster-enabled": "yes", "cluster-port": str(bus), "cluster-node-timeout": "2000"}
                await _started(stack, ValkeyServer(Path(folder) / str(port), port, aof, options))
            await _join(ports[:3], ports[3:])
            yield "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports[:3])


@dataclass(frozen=True)
class Watched:
    """A master with a replica, watched by a sentinel that makes the replica master within about two seconds."""

    url: str
    master: ValkeyServer
    replica: ValkeyServer


@asynccontextmanager
async def valkey_sentinel(*, aof: bool = True) -> AsyncIterator[Watched]:
    """A master called `mymaster`, its replica in step, and a sentinel."""
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        async with AsyncExitStack() as stack:
            one, two, three = free_ports(3)
            quick = {"repl-diskless-sync-delay": "0"}
            master = await _started(stack, ValkeyServer(Path(folder) / "master", one, aof, quick))
            follows = quick | {"replicaof": f"127.0.0.1 {one}"}
            replica = await _started(stack, ValkeyServer(Path(folder) / "replica", two, aof, follows))
            while (await answer(two, "INFO", "replication"))["master_link_status"] != "up":
                await asyncio.sleep(0.02)
            sentinel = ValkeyServer(Path(folder) / "sentinel", three)
            stack.push_async_callback(sentinel.kill)
            await sentinel.launch(_sentinel_file(sentinel, one), "--sentinel")
            while not await answer(three, "SENTINEL", "REPLICAS", "mymaster"):
                await asyncio.sleep(0.02)
            yield Watched(f"redis+sentinel://127.0.0.1:{three}/mymaster", master, replica)


def free_ports(count: int) -> list[int]:
    """Ports that nobody uses, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [int(probe.getsockname()[1]) for probe in probes]


async def answer(port: int, *command: str | int) -> Any:
    """What the server at `port` says to a command; None while it does not answer."""
    client = Redis(
        port=port, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0), decode_responses=True
    )
    try:
        return await client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py
    except (RedisError, OSError):
        return None
    finally:
        await client.aclose()


async def _started(stack: AsyncExitStack, server: ValkeyServer) -> ValkeyServer:
    stack.push_async_callback(server.kill)
    await server.start()
    return server


async def _join(ports: Sequence[int], buses: Sequence[int]) -> None:
    """Shares the slots out and makes the servers known to each other."""
    bounds = [number * SLOTS // len(ports) for number in range(len(ports) + 1)]
    for number, (port, bus) in enumerate(zip(ports, buses, strict=True)):
        await answer(port, "CLUSTER", "ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)
        if port != ports[0]:
            await answer(ports[0], "CLUSTER", "MEET", "127.0.0.1", port, bus)
    for port in ports:
        while "cluster_state:ok" not in (said := await answer(port, "CLUSTER", "INFO")) or (
            f"cluster_known_nodes:{len(ports)}\r" not in said
        ):
            await asyncio.sleep(0.02)


def _sentinel_file(sentinel: ValkeyServer, master: int) -> str:
    sentinel.folder.mkdir(parents=True, exist_ok=True)
    path = sentinel.folder / "sentinel.conf"
    lines = [
        f"port {sentinel.port}",
        f"sentinel monitor mymaster 127.0.0.1 {master} 1",
        "sentinel down-after-milliseconds mymaster 500",
        "sentinel failover-timeout mymaster 3000",
    ]
    path.write_text("\n".join(lines) + "\n")
    return str(path)
