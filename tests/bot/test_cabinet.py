"""The cabinet: sealed texts and locks, in a real Valkey."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.cabinet import Cabinet
from bot.errors import StateDown, Unavailable
from bot.seal import Seal

SEAL = Seal(bytes(range(32)))


@pytest.fixture
def cabinet(redis: Redis) -> Cabinet:
    return Cabinet(redis, SEAL)


async def test_what_is_put_in_is_found_sealed(cabinet: Cabinet, redis: Redis) -> None:
    await cabinet.put("a:1", "a secret")
    await cabinet.put("a:1", "another secret")
    assert await cabinet.get("a:1") == "another secret"
    assert b"secret" not in (await redis.get("hg:cabinet:a:1") or b"")
    assert await redis.ttl("hg:cabinet:a:1") == -1
    await cabinet.delete("a:1")
    await cabinet.delete("a:1")
    assert await cabinet.get("a:1") is None


async def test_what_has_an_end_ends(cabinet: Cabinet, redis: Redis) -> None:
    await cabinet.put("a", "text", 90)
    assert 80 < await redis.ttl("hg:cabinet:a") <= 90
    await cabinet.put("b", "text", 0.001)
    while await redis.exists("hg:cabinet:b"):
        await asyncio.sleep(0)
    assert await cabinet.get("b") is None


async def test_of_many_who_take_one_gets_it(cabinet: Cabinet) -> None:
    await cabinet.put("state", "text")
    taken = await asyncio.gather(*(cabinet.take("state") for _ in range(20)))
    assert sorted(taken, key=str) == [None] * 19 + ["text"]


async def test_nothing_comes_back_to_life(cabinet: Cabinet) -> None:
    assert not await cabinet.replace("a", "text")
    await cabinet.put("a", "text")
    assert await cabinet.replace("a", "new")
    assert await cabinet.get("a") == "new"


async def test_names_are_listed_as_they_begin(cabinet: Cabinet, redis: Redis) -> None:
    for name in ("b:2", "b:1", "a*:1", "ab:1"):
        await cabinet.put(name, "text")
    await redis.set("hg:talk:{b:1}:state", "another's")
    assert await cabinet.names("b:") == ["b:1", "b:2"]
    assert await cabinet.names("a*") == ["a*:1"]
    assert await cabinet.names() == ["a*:1", "ab:1", "b:1", "b:2"]


async def test_what_another_key_sealed_or_was_moved_is_not_there(
    cabinet: Cabinet, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    await cabinet.put("a", "text")
    assert await Cabinet(redis, Seal(bytes(32))).get("a") is None
    await redis.copy("hg:cabinet:a", "hg:cabinet:b")
    assert await cabinet.get("b") is None
    assert "cannot be opened" in caplog.text


async def test_one_at_a_time_works_under_a_lock(cabinet: Cabinet, redis: Redis) -> None:
    inside: list[int] = []

    async def work(number: int) -> None:
        async with Cabinet(redis, SEAL).locked("job", 30):
            inside.append(number)
            await cabinet.get("anything")
            assert inside.pop() == number
            assert not inside

    await asyncio.gather(*(work(number) for number in range(5)))
    assert await redis.keys("hg:lock:*") == []


async def test_a_lock_is_waited_for_within_bounds_and_ends(cabinet: Cabinet, redis: Redis) -> None:
    async with cabinet.locked("job", 30):
        assert 0 < await redis.ttl("hg:lock:job") <= 30
        with pytest.raises(Unavailable, match="longer than it should"):
            async with cabinet.locked("job", 30, patience=0.01):
                raise AssertionError("two are inside")
        async with cabinet.locked("another job", 30, patience=0.01):
            pass


async def test_whose_time_is_over_does_not_open_the_next_one_s_lock(cabinet: Cabinet, redis: Redis) -> None:
    async with cabinet.locked("job", 30):
        await redis.set("hg:lock:job", "another's token")
    assert await redis.get("hg:lock:job") == b"another's token"


async def test_without_redis_all_is_down() -> None:
    redis = Redis(port=1, retry=Retry(NoBackoff(), 0))
    cabinet = Cabinet(redis, SEAL)
    for call in (cabinet.get("a"), cabinet.put("a", "b"), cabinet.take("a"), cabinet.delete("a"), cabinet.names()):
        with pytest.raises(StateDown):
            await call
    with pytest.raises(StateDown):
        async with cabinet.locked("a", 1):
            pass
    await redis.aclose()
