"""How fast a platform is called: bursts, then evenly, for all processes together, and never faster than that."""

import asyncio
import random
import time
from collections.abc import Sequence

import pytest
from redis.asyncio import Redis

from bot import keys
from bot.pace import FreePace, Limit, Pace, SharedPace
from ops.redis_server import connect
from tests.bot.test_assistant import lose
from tests.redis_servers import valkey_cluster

SLACK = 0.03  # seconds that pass between two claims of a test, at most


@pytest.fixture
def pace(redis: Redis) -> SharedPace:
    return SharedPace(redis)


async def claims(pace: Pace, count: int, *limits: Limit, within: float = 600) -> list[float | None]:
    return [await pace.claim(limits, within) for _ in range(count)]


def near(*expected: float) -> Sequence[object]:
    """What is to be waited, of which some has passed."""
    return [pytest.approx(seconds - SLACK * 5, abs=SLACK * 5 + 0.001) if seconds else 0.0 for seconds in expected]


@pytest.mark.parametrize("kind", ["shared", "free"])
async def test_a_first_place_is_free_wherever_one_asks(kind: str, redis: Redis) -> None:
    pace: Pace = SharedPace(redis) if kind == "shared" else FreePace()
    assert await pace.claim([Limit("a", 10), Limit("b", 20, 3)], 0.0) == 0.0
    assert await pace.claim([], 0.0) == 0.0
    assert await pace.claim([Limit("c", 10, 2)], 0.0) == 0.0
    await pace.hold(Limit("d", 1), 0.001)


async def test_nothing_is_held_where_there_are_no_limits() -> None:
    pace, limit = FreePace(), Limit("a", 60)
    await pace.hold(limit, 60)
    assert await claims(pace, 3, limit, within=0) == [0.0, 0.0, 0.0]


async def test_a_burst_goes_at_once_and_the_rest_evenly(pace: SharedPace) -> None:
    assert await claims(pace, 6, Limit("a", 10, 3)) == near(0, 0, 0, 10, 20, 30)


async def test_whose_place_is_too_far_off_takes_none(pace: SharedPace) -> None:
    limit = Limit("a", 10)
    assert await claims(pace, 3, limit, within=15) == [*near(0, 10), None]
    assert await claims(pace, 2, limit, within=0) == [None, None]
    assert await claims(pace, 1, limit, within=25) == near(20)


async def test_time_gives_places_back(pace: SharedPace, redis: Redis) -> None:
    limit = Limit("a", 0.05, 2)
    assert (await claims(pace, 3, limit))[:2] == [0.0, 0.0]
    await asyncio.sleep(0.2)
    assert not await redis.exists(keys.pace("a"))
    assert (await claims(pace, 2, limit, within=0)) == [0.0, 0.0]


async def test_a_place_is_taken_in_all_queues_or_in_none(pace: SharedPace) -> None:
    method, channel, other = Limit("method", 10, 2), Limit("channel", 60), Limit("other", 60)
    assert await claims(pace, 2, method, channel, within=30) == [0.0, None]
    assert await claims(pace, 1, method, other, within=30) == [0.0], "the refused one took no place of the method's"
    assert await claims(pace, 1, method, within=30) == near(10)


async def test_the_slowest_queue_decides_and_the_others_count_from_then(pace: SharedPace) -> None:
    method, channel = Limit("method", 10), Limit("channel", 60)
    await claims(pace, 1, channel)
    assert await claims(pace, 1, method, channel) == near(60)
    assert await claims(pace, 1, method) == near(70)


async def test_a_full_channel_does_not_hold_up_the_others(pace: SharedPace) -> None:
    method = Limit("method", 0.5, 120)  # as for posts: 240 a minute
    full = await claims(pace, 50, method, Limit("channel", 1.0))
    assert full[-1] == pytest.approx(49, abs=0.5)
    assert await claims(pace, 1, method, Limit("other", 1.0)) == [0.0]


async def test_the_platform_s_word_holds_and_no_burst_follows(pace: SharedPace) -> None:
    limit = Limit("a", 10, 3)
    await pace.hold(limit, 30)
    assert await claims(pace, 3, limit) == near(30, 40, 50)
    await pace.hold(limit, 1)
    assert await claims(pace, 1, limit) == near(60), "a shorter hold takes nothing back"
    assert await claims(pace, 1, Limit("b", 10)) == [0.0]


async def test_all_processes_share_one_pace(redis: Redis) -> None:
    limit, paces = Limit("a", 10, 2), [SharedPace(redis), SharedPace(redis)]
    waits = await asyncio.gather(*(pace.claim([limit], 600) for pace in paces * 3))
    assert sorted(wait for wait in waits if wait is not None) == near(0, 0, 10, 20, 30, 40)


async def test_where_nobody_can_count_calls_go_out(pace: SharedPace, redis: Redis) -> None:
    limit = Limit("a", 60)
    await claims(pace, 1, limit)
    await lose(redis)
    assert await claims(pace, 2, limit, within=0) == [0.0, 0.0]
    await pace.hold(limit, 60)


async def test_every_queue_ends_by_itself_and_a_clock_that_went_back_stops_nobody(
    pace: SharedPace, redis: Redis
) -> None:
    limit = Limit("a", 10, 3)
    await claims(pace, 4, limit)
    assert 35 <= await redis.ttl(keys.pace("a")) <= 40
    await redis.set(keys.pace("a"), round((time.time() + 2 * 3600) * 1000))
    assert await claims(pace, 1, limit, within=0) == [0.0]


@pytest.mark.parametrize("seed", range(5))
async def test_no_span_of_time_ever_sees_more_than_the_tier_allows(pace: SharedPace, seed: int, redis: Redis) -> None:
    rng = random.Random(seed)
    half, minute = rng.choice([3, 5, 10]), 0.3  # half of the calls at once, the other half over the minute
    both = [Limit("method", minute / half, half), Limit("channel", minute / half / 2, 1)]
    at: list[float] = []
    for _ in range(80):
        limits, within = rng.choice([both, both[:1]]), rng.choice([0.0, minute / 4, minute])
        asked = time.time()
        wait = await rng.choice([pace, SharedPace(redis)]).claim(limits, within)
        if wait is not None:
            assert wait <= within
            at.append(asked + wait)
        await asyncio.sleep(rng.choice([0, 0, 0, minute / half, minute / 9]))
    at.sort()
    margin = 0.02  # between our asking and Redis's clock
    most = max(sum(begin <= one <= begin + minute - margin for one in at) for begin in at)
    assert half <= most <= 2 * half, (most, half)


@pytest.mark.timeout(30)
async def test_on_a_cluster_several_queues_are_claimed_together() -> None:
    async with valkey_cluster() as url:
        redis = connect(url)
        pace = SharedPace(redis)
        method = Limit("slack:T1:chat.postMessage", 10, 2)
        for number, wait in enumerate(near(0, 0, 10, 20)):
            assert await claims(pace, 1, method, Limit(f"slack:T1:C{number}", 60)) == [wait]
        await pace.hold(method, 60)
        assert await claims(pace, 1, method, within=30) == [None]
        await redis.aclose()
