"""The Redis or Valkey that holds all state: one server, a master behind sentinels, or a cluster."""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast
from urllib.parse import unquote, urlsplit

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import ExponentialBackoff, NoBackoff
from redis.exceptions import (
    AuthenticationError,
    BusyLoadingError,
    ConnectionError,
    RedisClusterException,
    RedisError,
    ResponseError,
)

from ops.embedded_process import StartError

Client = Redis | RedisCluster

SOCKET_SECONDS: Final = 5.0
SENTINEL_SECONDS: Final = 1.0  # several are asked in turn
LOADING_SECONDS: Final = 60.0
RETRIES: Final = 8
EXAMPLES: Final = {
    "redis": "redis://:PASSWORD@redis-1:6379/0",
    "rediss": "rediss://:PASSWORD@redis-1:6379/0",
    "unix": "unix:///run/valkey/valkey.sock",
    "redis+sentinel": "redis+sentinel://:PASSWORD@host-1:26379,host-2:26379/mymaster",
    "rediss+sentinel": "rediss+sentinel://:PASSWORD@host-1:26379,host-2:26379/mymaster",
    "redis+cluster": "redis+cluster://:PASSWORD@host-1:6379,host-2:6379",
    "rediss+cluster": "rediss+cluster://:PASSWORD@host-1:6379,host-2:6379",
}

log = logging.getLogger(__name__)


def check_url(url: str) -> str:
    """The URL as given, if `connect` can use it. Raises ValueError, whose text shows no password."""
    scheme, _, rest = url.partition("://")
    if scheme not in EXAMPLES or not rest:
        raise ValueError(f"must begin with {', '.join(f'{known}://' for known in EXAMPLES)}")
    try:
        _check_parts(scheme, url)
    except ValueError as error:
        raise ValueError(f"{error}; {EXAMPLES[scheme]} would be right") from None
    return url


def connect(url: str, *, retries: int = RETRIES) -> Redis:
    """A client that rides out a restart, a failover, a move of slots; so every write of ours may be repeated.

    A cluster's client goes by the same type: what we call is the same, but for `mget` and the like over several slots.
    """
    options: dict[str, Any] = {
        "socket_timeout": SOCKET_SECONDS,
        "socket_connect_timeout": SOCKET_SECONDS,
        # A server that is silent, not gone, has had its time: nobody waits for 8 times 5 seconds.
        "retry": Retry(ExponentialBackoff(cap=1, base=0.05), retries, supported_errors=(ConnectionError,)),
    }
    kind = urlsplit(url).scheme.partition("+")[2]
    if not kind:
        return Redis.from_url(url, **options)
    options |= _options(url)
    if kind == "cluster":
        return cast(Redis, _Cluster(startup_nodes=[ClusterNode(*host) for host in _hosts(url, 6379)], **options))
    return _master(url, options)


async def check(client: Client, *, lenient: bool) -> None:
    """Raises StartError if the server cannot be used, or, unless `lenient`, could lose what it was given."""
    for node, facts in (await _loaded(client)).items():
        where = f"the Redis of HAUSGEIST_REDIS_URL{node and f' at {node}'}"
        for fault in _misfits(client, facts):
            raise StartError(f"{where} {fault}")
        for fault in _risks(facts):
            if not lenient:
                raise StartError(f"{where} {fault}, or accept the loss with HAUSGEIST_REDIS_LENIENT=1")
            log.warning("redis may lose questions", extra={"server": where, "reason": fault})
    if await _lazy(client):
        log.info("a power cut can lose the last second: redis has `appendfsync everysec`; `always` loses nothing")


class _Cluster(RedisCluster):
    """A client of a cluster that fails with a RedisError, as all others do."""

    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> RedisCluster:
        try:
            return await super().initialize(additional_startup_nodes_info, last_failed_node_name)
        except RedisClusterException as error:
            raise ConnectionError(str(error)) from error


class _Master(Redis):
    """A client of whichever server the sentinels call master; closes its connections to them, too."""

    async def aclose(self, close_connection_pool: bool | None = None) -> None:
        await super().aclose(close_connection_pool)
        await cast(SentinelConnectionPool, self.connection_pool).sentinel_manager.aclose()


def _master(url: str, options: dict[str, Any]) -> Redis:
    own = {name.removeprefix("sentinel_"): options.pop(name) for name in list(options) if name.startswith("sentinel_")}
    secure = {name: value for name, value in options.items() if name.startswith("ssl")}
    times = {"socket_timeout": SENTINEL_SECONDS, "socket_connect_timeout": SENTINEL_SECONDS}
    own |= times | secure | {"retry": Retry(NoBackoff(), 0)}
    sentinel = Sentinel(_hosts(url, 26379), sentinel_kwargs=own)  # type: ignore[no-untyped-call]  # redis-py
    return cast(Redis, sentinel.master_for(_path(url)[0], _Master, **options))


def _check_parts(scheme: str, url: str) -> None:
    path = _path(url)
    if scheme == "unix":
        if not path:
            raise ValueError("names no socket")
        return
    hosts = _hosts(url, 6379)
    databases = path
    if scheme.endswith("+sentinel"):
        if not path:
            raise ValueError("lacks the name of the master after the hosts")
        databases = path[1:]
    elif "+" not in scheme and len(hosts) > 1:
        raise ValueError("names several hosts, which redis+sentinel:// and redis+cluster:// do")
    if len(databases) > 1 or not all(number.isdecimal() for number in databases):
        raise ValueError("must end with the number of a database, or without")
    if scheme.endswith("+cluster") and databases not in ([], ["0"]):
        raise ValueError("names a database, which a cluster does not have")
    _options(url)


def _hosts(url: str, port: int) -> list[tuple[str, int]]:
    """The hosts with their ports."""
    found = [urlsplit(f"//{host}") for host in urlsplit(url).netloc.rpartition("@")[2].split(",")]
    if not all(host.hostname for host in found):
        raise ValueError("lacks a host")
    try:
        return [(host.hostname or "", host.port or port) for host in found]
    except ValueError:  # says what it found there, which is part of the password if that holds a bare slash
        raise ValueError("needs a number after `host:`, and %2F in place of / in a password") from None


def _path(url: str) -> list[str]:
    return [unquote(part) for part in urlsplit(url).path.split("/") if part]


def _options(url: str) -> dict[str, Any]:
    """User, password, database and what stands behind `?`, as redis-py reads them."""
    parts = urlsplit(url)
    database = "".join(_path(url)[parts.scheme.endswith("+sentinel") :])
    user = parts.netloc.rpartition("@")[0]
    options = dict(parse_url(f"redis://{user}{'@' if user else ''}host/{database}?{parts.query}"))
    del options["host"]
    return options | ({"ssl": True} if parts.scheme.startswith("rediss") else {})


async def _loaded(client: Client) -> Mapping[str, Mapping[str, Any]]:
    """What each node says of itself, once it has read its data. Raises StartError."""
    late = time.monotonic() + LOADING_SECONDS
    while True:
        try:
            nodes = await _info(client)
            if not any(int(facts.get("loading", 0)) for facts in nodes.values()):
                return nodes
        except BusyLoadingError:
            pass
        except AuthenticationError as error:
            raise StartError(f"Redis refuses us ({error}): correct user and password in HAUSGEIST_REDIS_URL") from error
        except (RedisError, OSError) as error:
            reason = str(error).partition(" : ")[0]  # what follows, for sentinels, is redis-py's view of its clients
            raise StartError(f"Redis does not answer ({reason}): start it, or correct HAUSGEIST_REDIS_URL") from error
        if time.monotonic() > late:
            raise StartError(f"Redis still reads its data after {LOADING_SECONDS:.0f} s: start again when it is ready")
        await asyncio.sleep(0.2)


async def _info(client: Client) -> Mapping[str, Mapping[str, Any]]:
    if isinstance(client, RedisCluster):
        return cast(dict[str, dict[str, Any]], await client.info(target_nodes=RedisCluster.ALL_NODES))
    return {"": await cast(Any, client.info())}


def _misfits(client: Client, facts: Mapping[str, Any]) -> Iterator[str]:
    """Why we cannot use a server at all."""
    mode = facts.get("server_mode") or facts.get("redis_mode")  # Valkey's word, Redis's word
    if isinstance(client, Redis) and mode in ("cluster", "sentinel"):
        yield f"is a {mode}: write {EXAMPLES[f'redis+{mode}']}"
    if isinstance(client, Redis) and facts.get("role") == "slave":
        yield "is a replica, which takes no writes: name its master"


def _risks(facts: Mapping[str, Any]) -> Iterator[str]:
    """How a server could lose what it was given."""
    if not int(facts.get("aof_enabled", 0)):
        yield "keeps no append-only file, so its restart loses questions: set `appendonly yes` there"
    if (policy := facts.get("maxmemory_policy", "noeviction")) != "noeviction":
        yield f"drops data when memory is short ({policy}): set `maxmemory-policy noeviction` there"


async def _lazy(client: Client) -> bool:
    """Whether it acknowledges what is not on the disk yet; hosted servers often do not tell."""
    try:
        found = await cast(Any, client.config_get("appendfsync"))
    except ResponseError:
        return False
    return bool(found) and found.get("appendfsync", "always") != "always"
