"""Metrics: what a turn leaves behind, how much is in line, and that Redis may be away while they are collected."""

import asyncio

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from bot.inbox import Inbox
from bot.seal import Seal
from bot.trace import Trace
from ops.metrics import Metrics
from ops.redis_server import connect
from ops.web import application
from tests.bot.house import turn
from tests.redis_servers import valkey_server
from tests.serving import serving

SEAL = Seal(bytes(range(32)))
GAUGES = ("assistant_waiting", "assistant_running", "assistant_put_off", "assistant_parked")


def samples(exposition: str) -> dict[str, float]:
    """The values by name, without labels."""
    return {one.name: one.value for family in text_string_to_metric_families(exposition) for one in family.samples}


async def counted(metrics: Metrics) -> dict[str, float]:
    return samples((await metrics.exposition()).decode())


async def test_the_line_is_what_redis_says_at_that_moment(redis: Redis) -> None:
    inbox = Inbox(redis, SEAL)
    metrics = Metrics(inbox.line)
    for number in range(5):
        await inbox.accept(turn(f"question {number}", conversation=f"test:{number}"))
    running, later, parked = [await inbox.take() for _ in range(3)]
    assert running
    assert later
    assert parked
    await inbox.release(later, 60)
    await inbox.park(parked, "parked-1", {})
    found = await counted(metrics)
    assert [found[name] for name in GAUGES] == [2, 1, 1, 1]
    await inbox.settle(running)
    assert (await counted(metrics))["assistant_running"] == 0


@pytest.mark.timeout(30)
async def test_metrics_are_served_while_redis_is_away_held_or_back() -> None:
    async with valkey_server() as server:
        redis = connect(server.url)
        metrics = Metrics(Inbox(redis, SEAL).line)
        metrics.record(Trace("slack", outcome="answered"))

        async def ready() -> dict[str, bool]:
            return {}

        app = application([], metrics.exposition, ready, "1.2.3")
        async with serving(app) as url, aiohttp.ClientSession() as session:

            async def look() -> dict[str, float]:
                async with asyncio.timeout(4), session.get(f"{url}/metrics") as got:
                    assert got.status == 200
                    return samples(await got.text())

            assert (await look())["assistant_waiting"] == 0
            server.pause()
            held = await look()
            server.resume()
            await server.kill()
            away = await look()
            await server.start()
            back = await look()
        await redis.aclose()
    for values in (held, away):
        assert values["assistant_requests_total"] == 1
        assert all(values[name] != values[name] for name in GAUGES)  # NaN: nobody can tell
    assert back["assistant_waiting"] == 0


async def test_the_response_counts_the_wait_and_every_step(caplog: pytest.LogCaptureFixture) -> None:
    metrics = Metrics()
    with caplog.at_level("INFO", "ops.metrics"):
        metrics.record(Trace("slack", outcome="answered", steps={"guard": 500.0, "generate": 1500.0}, waited=40.0))
    found = await counted(metrics)
    assert found["assistant_response_seconds_sum"] == 42.0
    (record,) = caplog.records
    assert record.__dict__["waited_ms"] == 40_000
    assert record.__dict__["ms"] == {"guard": 500, "generate": 1500}


async def test_who_has_no_inbox_shows_no_line() -> None:
    assert not set(GAUGES) & set(await counted(Metrics()))
