"""The layout in Redis: begun, checked, and brought over from the release before, also by two at once."""

import asyncio
import json

import pytest
from redis.asyncio import Redis

from bot.memory import Memory
from bot.schema import StateMismatch, prepare
from bot.seal import Seal
from guardrails.masking import Vault
from ops.redis_server import connect
from tests.redis_servers import valkey_cluster

SEAL = Seal(bytes(range(32)))
OTHER_SEAL = Seal(bytes(32))
TALK = "slack:T1:C1:1.0"


async def old_conversation(redis: Redis, name: str = TALK, seal: Seal = SEAL) -> Vault:
    """Two exchanges as the release before kept them."""
    vault = Vault()
    vault.placeholder("PERSON", "Ada Miller")
    place = f"hg:talk:{{{name}}}:transcript"
    lines = [("a1", "user", "Who is <PERSON_1>?"), ("a1", "assistant", "The director [1].")]
    lines += [("a2", "user", "Since when?"), ("a2", "assistant", "Since 2019 [1].")]
    await redis.zadd(place, {json.dumps(line): 1000.0 + n for n, line in enumerate(lines)})
    await redis.expire(place, 1000)
    old = f"hg:talk:{{{name}}}:vault"
    await redis.set(old, seal.close(vault.to_json(), old), ex=1000)
    return vault


async def test_empty_redis_is_made_ours(redis: Redis) -> None:
    await prepare(redis, SEAL)
    await prepare(redis, SEAL)
    assert await redis.get("hg:schema") == b"2"
    assert sorted(await redis.keys()) == [b"hg:keycheck", b"hg:schema"]


async def test_newer_layout_is_left_alone(redis: Redis) -> None:
    await redis.set("hg:schema", 3)
    with pytest.raises(StateMismatch, match=r"newer release \(layout 3, this release knows 2\)"):
        await prepare(redis, SEAL)
    assert await redis.keys() == [b"hg:schema"]


async def test_another_key_is_told(redis: Redis) -> None:
    await prepare(redis, SEAL)
    with pytest.raises(StateMismatch, match="HAUSGEIST_SECRET_KEY"):
        await prepare(redis, OTHER_SEAL)


async def test_of_two_keys_at_once_one_stands(redis: Redis) -> None:
    outcomes = await asyncio.gather(prepare(redis, SEAL), prepare(redis, OTHER_SEAL), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome] == [StateMismatch]


async def test_conversations_of_the_release_before_go_on(redis: Redis) -> None:
    vault = await old_conversation(redis)
    await prepare(redis, SEAL)
    talk = await Memory(redis, SEAL).recall(TALK)
    assert [(one.key, one.at, one.question, one.answer) for one in talk.exchanges] == [
        ("a1", 1000.0, "Who is <PERSON_1>?", "The director [1]."),
        ("a2", 1002.0, "Since when?", "Since 2019 [1]."),
    ]
    assert talk.vault.to_json() == vault.to_json()
    assert not await redis.keys("hg:talk:*transcript") + await redis.keys("hg:talk:*vault")
    for key in await redis.keys("hg:talk:*"):
        assert 900 < await redis.ttl(key) <= 1000


async def test_what_leads_nowhere_any_more_is_erased(redis: Redis) -> None:
    await redis.set("hg:posted:m1", "a1", ex=1000)
    await redis.set("another:posted:m1", "is none of our business")
    await prepare(redis, SEAL)
    assert sorted(await redis.keys("*posted*")) == [b"another:posted:m1"]


async def test_two_that_start_at_once_move_each_conversation_once(redis: Redis) -> None:
    for number in range(50):
        await old_conversation(redis, f"talk-{number}")
    await asyncio.gather(prepare(redis, SEAL), prepare(redis, SEAL), prepare(redis, SEAL))
    memory = Memory(redis, SEAL)
    assert [len((await memory.recall(f"talk-{number}")).exchanges) for number in range(50)] == [2] * 50


async def test_half_an_exchange_is_left_out(redis: Redis) -> None:
    await old_conversation(redis)
    await redis.zadd(f"hg:talk:{{{TALK}}}:transcript", {json.dumps(("a3", "user", "And then?")): 1010.0})
    await prepare(redis, SEAL)
    assert len((await Memory(redis, SEAL).recall(TALK)).exchanges) == 2


async def test_conversations_under_a_lost_key_are_not_thrown_away(redis: Redis) -> None:
    await old_conversation(redis, seal=OTHER_SEAL)
    before = sorted(await redis.keys())
    with pytest.raises(StateMismatch, match="set HAUSGEIST_SECRET_KEY to the key of the release before"):
        await prepare(redis, SEAL)
    assert sorted(await redis.keys()) == before


@pytest.mark.timeout(30)
async def test_cluster_is_prepared_alike() -> None:
    async with valkey_cluster() as url:
        redis = connect(url)
        for number in range(20):
            await old_conversation(redis, f"talk-{number}")
        await prepare(redis, SEAL)
        memory = Memory(redis, SEAL)
        assert [len((await memory.recall(f"talk-{number}")).exchanges) for number in range(20)] == [2] * 20
        await redis.aclose()
