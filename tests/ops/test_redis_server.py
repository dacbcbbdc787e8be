"""Redis in all its forms: one server, sentinels, a cluster; what could lose questions is refused at the start."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import RedisCluster
from redis.exceptions import RedisError

from ops.embedded_process import StartError
from ops.redis_server import EXAMPLES, Client, check, check_url, connect
from tests.redis_servers import answer, free_ports, valkey_cluster, valkey_sentinel, valkey_server


@asynccontextmanager
async def client_of(url: str, retries: int = 8) -> AsyncIterator[Client]:
    client = connect(url, retries=retries)
    try:
        yield client
    finally:
        await client.aclose()


async def fault(url: str, *, lenient: bool = False) -> str:
    """Why the server at `url` is refused; empty if it is not."""
    async with client_of(url, retries=1) as client:
        try:
            await check(client, lenient=lenient)
        except StartError as error:
            return str(error)
    return ""


@pytest.mark.parametrize("url", EXAMPLES.values())
def test_examples_are_right(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://redis", "must begin with redis://, rediss://"),
        ("redis-1:6379", "must begin with"),
        ("unix://", "must begin with"),
        ("unix:///", "names no socket; unix:///run/valkey/valkey.sock would be right"),
        ("redis://", "must begin with"),
        ("redis://:s3cret@", "lacks a host"),
        ("redis://redis-1:port", "needs a number after `host:`"),
        ("redis://redis-1:70000", "needs a number after `host:`"),
        ("redis://bot:s3cret/1@redis-1", "%2F in place of / in a password"),
        ("redis://redis-1/first", "must end with the number of a database"),
        ("redis://one:6379,two:6379", "names several hosts"),
        ("redis://redis-1?socket_timeout=soon", "Invalid value for 'socket_timeout'"),
        ("redis+sentinel://one,two", "lacks the name of the master"),
        ("redis+sentinel://one,two/mymaster/first", "must end with the number"),
        ("redis+sentinel://one,,two/mymaster", "lacks a host"),
        ("rediss+cluster://one,two/3", "names a database, which a cluster does not have"),
    ],
)
def test_wrong_urls_are_told_with_an_example(url: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"would be right|must begin") as error:
        check_url(url)
    assert why in str(error.value)
    assert "s3cret" not in str(error.value)


async def test_server_that_keeps_everything_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    async with valkey_server() as server:
        with caplog.at_level(logging.INFO):
            assert await fault(server.url) == ""
        assert caplog.text == ""


async def test_server_without_a_file_is_refused_or_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    async with valkey_server(aof=False) as server:
        said = await fault(server.url)
        assert said == (
            "the Redis of HAUSGEIST_REDIS_URL keeps no append-only file, so its restart loses questions: "
            "set `appendonly yes` there, or accept the loss with HAUSGEIST_REDIS_LENIENT=1"
        )
        assert await fault(server.url, lenient=True) == ""
        assert "redis may lose questions" in caplog.text


async def test_server_that_drops_data_is_refused() -> None:
    async with valkey_server(maxmemory="50mb", maxmemory_policy="allkeys-lru") as server:
        assert "(allkeys-lru): set `maxmemory-policy noeviction` there" in await fault(server.url)


async def test_a_second_that_may_be_lost_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with valkey_server(appendfsync="everysec") as server:
        with caplog.at_level(logging.INFO):
            assert await fault(server.url) == ""
    assert "a power cut can lose the last second" in caplog.text


async def test_nobody_there_and_a_wrong_password_are_told() -> None:
    assert "Redis does not answer (Error 111 connecting" in await fault(f"redis://127.0.0.1:{free_ports(1)[0]}")
    async with valkey_server() as server:
        await answer(server.port, "CONFIG", "SET", "requirepass", "sesame")
        said = await fault(server.url.replace("//", "//:s3cret@"))
        assert "Redis refuses us" in said
        assert "s3cret" not in said
        assert await fault(server.url.replace("//", "//:sesame@")) == ""


async def test_restart_is_ridden_out() -> None:
    async with valkey_server() as server, client_of(server.url) as client:
        await client.set("question", 42)
        await server.restart()
        assert await client.get("question") == b"42"


async def test_loading_server_is_waited_for() -> None:
    async with valkey_server(enable_debug_command="yes") as server, client_of(server.url) as client:
        await answer(server.port, "DEBUG", "POPULATE", 20_000)
        await answer(server.port, "CONFIG", "SET", "aof-use-rdb-preamble", "yes")
        await answer(server.port, "BGREWRITEAOF")
        while int((await answer(server.port, "INFO", "persistence"))["aof_rewrite_in_progress"]):
            await asyncio.sleep(0.01)
        await server.kill()
        server.options["key-load-delay"] = "50"
        await asyncio.gather(server.start(), check(client, lenient=False))
        assert await client.dbsize() == 20_000


@pytest.mark.timeout(30)
async def test_failover_is_ridden_out() -> None:
    async with valkey_sentinel() as watched:
        assert "is a sentinel: write redis+sentinel://" in await fault(
            watched.url.replace("+sentinel", "").removesuffix("/mymaster")
        )
        assert "is a replica" in await fault(watched.replica.url)
        async with client_of(watched.url) as client:
            await check(client, lenient=False)
            await client.set("question", 42)
            await watched.master.kill()
            assert await client.get("question") == b"42"
            assert await client.set("answer", 43)


@pytest.mark.timeout(30)
async def test_cluster_is_used_whole_and_checked_node_by_node() -> None:
    async with valkey_cluster(aof=False) as url:
        node = url.split(",")[1]
        assert "is a cluster: write redis+cluster://" in await fault(f"redis://{node}")
        assert "at 127.0.0.1:" in (said := await fault(url))
        assert "keeps no append-only file" in said
        async with client_of(url) as client:
            assert isinstance(client, RedisCluster)
            for letter in "abcdef":
                await client.set(letter, 1)
            assert sorted([key async for key in client.scan_iter()]) == [b"a", b"b", b"c", b"d", b"e", b"f"]
            for host in url.split("//")[1].split(","):
                await answer(int(host.split(":")[1]), "SHUTDOWN", "NOSAVE")
            with pytest.raises(RedisError):
                await client.set("a", 1)
    async with valkey_server() as server:
        assert "Cluster mode is not enabled" in await fault(f"redis+cluster://127.0.0.1:{server.port}")
