"""What a conversation keeps: bounded, fenced, in two round trips, and nothing personal in clear."""

import asyncio
import random
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot import keys
from bot.events import Feedback, Person, Verdict
from bot.memory import Asked, Conversation, Memory, Record
from bot.model import ScriptedModel
from bot.seal import Seal
from bot.worker import Worker
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import KEY, House, Seen, turn
from tests.redis_servers import valkey_server

SAID = "A hotel in Paris may cost EUR 180 a night. [1]"
RECORD = Record("trace", "Question?", "Answer.", refused=False, sources=(), model="scripted")


@pytest.fixture
def memory(redis: Redis) -> Memory:
    return Memory(redis, Seal(KEY))


async def say(memory: Memory, talk: Conversation, key: str, fence: str = "0") -> bool:
    record = replace(RECORD, trace_id=f"trace-{key}")
    return await memory.remember(
        talk,
        Asked(key, (key,), "test:mara", fence),
        record,
        f"post-{key.removeprefix('m-') if key[2:].isdecimal() else key}",
    )


async def test_a_conversation_of_5000_turns_stays_small(memory: Memory, redis: Redis) -> None:
    talk = await memory.recall("c1")
    for n in range(5000):
        assert await say(memory, talk, f"m-{n}")
    talk = await memory.recall("c1")
    assert [one.key for one in talk.exchanges] == [f"m-{n}" for n in range(5000 - keys.EXCHANGES, 5000)]
    assert int(await redis.memory_usage(keys.exchanges("c1")) or 0) < 10_000


async def test_a_turn_remembered_twice_is_there_once(memory: Memory) -> None:
    talk = await memory.recall("c1")
    for key in ("m-1", "m-2", "m-2"):
        await say(memory, talk, key)
    assert [one.key for one in (await memory.recall("c1")).exchanges] == ["m-1", "m-2"]


async def test_an_older_worker_writes_nothing_over_a_newer_one(memory: Memory) -> None:
    talk = await memory.recall("c1")
    assert await say(memory, talk, "m-1", fence="8")
    assert not await say(memory, talk, "m-2", fence="7")
    assert [one.key for one in (await memory.recall("c1")).exchanges] == ["m-1"]


async def test_what_is_erased_meanwhile_does_not_come_back(memory: Memory) -> None:
    talk = await memory.recall("c1")
    await say(memory, talk, "m-1")
    late = await memory.recall("c1")
    await memory.erase("c1", "m-1")
    await memory.erase("c1", "m-1")
    assert not await say(memory, late, "m-2")
    assert not (await memory.recall("c1")).exchanges


async def test_the_answer_to_a_deleted_question_goes_however_long_ago_it_was(memory: Memory, redis: Redis) -> None:
    talk = await memory.recall("c1")
    for n in range(30):
        await say(memory, talk, f"m-{n}")
    await memory.judge(Feedback("f1", "post-3", Person("test:mara"), Verdict.UP))
    await memory.erase("c1", "m-3")
    assert not await redis.exists(keys.answer("post-3"), keys.feedback("trace-m-3"))
    assert await redis.exists(keys.answer("post-4"))


async def test_reset_leaves_nothing_of_a_conversation(memory: Memory, redis: Redis) -> None:
    for conversation in ("c:1", "c:2", "d:1"):
        await say(memory, await memory.recall(conversation), f"m-{conversation}")
    assert await memory.reset("c:") == 2
    assert await memory.reset("c:") == 0
    left = await redis.keys("hg:answer:*")
    assert left == [b"hg:answer:post-m-d:1"]
    assert not [key for key in await redis.keys("hg:*{c:*") if b":state" not in key]


async def test_what_is_not_remembered_leaves_no_record(memory: Memory, redis: Redis) -> None:
    talk = await memory.recall("c1")
    await memory.erase("c1", "m-1", running=True)
    assert not await say(memory, talk, "m-1")
    assert not await redis.exists(keys.answer("post-m-1"))


async def test_a_question_of_100_kb_is_declined_and_not_kept(redis: Redis, guard: Guard, library: Library) -> None:
    house = House(redis, guard, library, ScriptedModel())
    seen = await house.ask("Why? " * 20_000)
    assert "too long" in seen.failures[0][0]
    assert not (await house.memory.recall("test:1")).exchanges


FIRST = ("Anna", "Thomas", "Marie", "Peter", "Sophie", "Michael", "Julia", "Daniel", "Claire", "Stefan")
LAST = ("Keller", "Dubois", "Schneider", "Johnson", "Lefevre", "Fischer", "Miller", "Moreau", "Weber", "Brown")


@pytest.mark.timeout(120)
async def test_after_1000_conversations_neither_redis_nor_its_file_holds_a_name_an_address_or_an_account(
    guard: Guard, library: Library
) -> None:
    chance, planted = random.Random(7), []
    async with valkey_server(rdbcompression="no") as server:
        redis = Redis.from_url(server.url)
        house = House(redis, guard, library, ScriptedModel(*[SAID] * 1000))
        house.dispatcher.register("test", lambda _turn, _ticket: Seen())
        worker = Worker(house.inbox, house.dispatcher, house.book, slots=8)
        working = asyncio.create_task(worker.run())
        for n in range(1000):
            name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
            email = f"{name.lower().replace(' ', '.')}{n}@firm.example"
            iban = f"DE{98 - (131400 + n) % 97:02} 5001 0517 5407 3249 {n % 100:02}"
            planted += [name, email, iban]
            text = f"I am {name}, my e-mail is {email} and my IBAN is {iban}. How much may a hotel in Paris cost?"
            asked = turn(text, conversation=f"test:{n}", person=Person(f"test:{n}"), message_id=f"m-{n}")
            assert (await house.dispatcher.accept(asked)).new
        while (await house.inbox.line()).messages:
            await asyncio.sleep(0.05)
        assert len(house.book.traces) == 1000
        held = b"".join([bytes(await redis.dump(key) or b"") for key in await redis.keys()])
        held += b"".join(path.read_bytes() for path in server.folder.rglob("*.aof"))
        assert len(held) > 1_000_000
        assert [one for one in planted if one.encode() in held] == []
        working.cancel()
        await asyncio.wait([working])
        await redis.aclose()
