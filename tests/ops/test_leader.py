"""The lead: one has it, loses it when it cannot be sure any more, and each firing belongs to one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from redis.asyncio import Redis

from bot import keys
from ops.leader import Leadership
from ops.redis_server import connect
from tests.redis_servers import valkey_cluster, valkey_server


@asynccontextmanager
async def striving(leadership: Leadership) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(leadership.run())
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def becomes(leadership: Leadership, leads: bool) -> None:
    while leadership.leads != leads:
        await asyncio.sleep(0.01)


async def test_one_leads_and_the_next_follows_at_once_when_it_resigns(redis: Redis) -> None:
    first, second = Leadership(redis, 0.3), Leadership(redis, 0.3)
    async with striving(first) as task:
        await becomes(first, True)
        async with striving(second):
            for _ in range(50):
                await asyncio.sleep(0.01)
                assert (first.leads, second.leads) == (True, False)
            task.cancel()
            await becomes(second, True)
            assert not first.leads
    assert await redis.get(keys.LEADER) is None


async def test_who_falls_silent_is_followed(redis: Redis) -> None:
    silent = redis.lock(keys.LEADER, timeout=0.3, blocking=False, thread_local=False)
    assert await silent.acquire()
    leadership = Leadership(redis, 0.3)
    async with striving(leadership):
        await asyncio.sleep(0.05)
        assert not leadership.leads
        await becomes(leadership, True)


@pytest.mark.timeout(30)
async def test_without_redis_nobody_leads_and_with_it_somebody_does_again() -> None:
    async with valkey_server() as server:
        redis = connect(server.url)
        leadership = Leadership(redis, 0.5)
        async with striving(leadership):
            await becomes(leadership, True)
            server.pause()
            await becomes(leadership, False)
            assert not await asyncio.wait_for(leadership.claim("resync", 60), 9)
            server.resume()
            await becomes(leadership, True)
            await server.kill()
            await becomes(leadership, False)
            await server.start()
            await becomes(leadership, True)
        await redis.aclose()


async def test_lead_that_was_taken_away_is_given_up(redis: Redis) -> None:
    leadership = Leadership(redis, 0.3)
    async with striving(leadership):
        await becomes(leadership, True)
        await redis.set(keys.LEADER, "another", px=600)
        await becomes(leadership, False)
        await becomes(leadership, True)


async def test_each_firing_is_claimed_once(redis: Redis) -> None:
    everybody = [Leadership(redis) for _ in range(20)]
    for job in ("resync", "retention"):
        claims = await asyncio.gather(*(one.claim(job, 1000) for one in everybody))
        assert claims.count(True) == 1
    for key in await redis.keys("hg:{jobs}:fired:*"):
        assert 0 < await redis.ttl(key) <= 2000


@pytest.mark.timeout(30)
async def test_a_cluster_has_one_leader_too() -> None:
    async with valkey_cluster() as url:
        one, other = connect(url), connect(url)
        first, second = Leadership(one, 1.5), Leadership(other, 1.5)
        async with striving(first):
            await becomes(first, True)
            async with striving(second):
                await asyncio.sleep(2)
                assert first.leads
                assert not second.leads
        assert [await first.claim("resync", 1000), await second.claim("resync", 1000)] == [True, False]
        await one.aclose()
        await other.aclose()
