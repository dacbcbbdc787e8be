"""Retention by a clock of the tests: each class of data is there until its day, and gone after it."""

import inspect
import re
import time
from collections.abc import Callable
from importlib.resources import files
from math import nan
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot import keys
from bot.events import Feedback, Person, Turn, Verdict
from bot.inbox import Inbox
from bot.memory import Asked, Memory, Record
from bot.retention import KINDS, enforce, terms
from bot.seal import Seal
from ops.redis_server import connect
from tests.redis_servers import valkey_cluster

SEAL = Seal(bytes(range(32)))
ANN = Person("slack:T1:U1")
HOUR = 3600.0
ROOT = Path(__file__).parents[2]


def question(message: str, conversation: str = "slack:T1:C1:1.0") -> Turn:
    return Turn(f"event-{message}", message, "slack", conversation, ANN, "How many days of leave?", sent_at=1.0)


async def answered(redis: Redis, message: str = "m1", clock: Callable[[], float] = time.time) -> None:
    memory = Memory(redis, SEAL, clock)
    talk = await memory.recall("slack:T1:C1:1.0")
    record = Record(f"trace-{message}", "How many?", "25 days [1].", False, ("leave.md",), "small")
    assert await memory.remember(talk, Asked(message, (message,), ANN.id), record, f"answer-{message}")


async def everything(redis: Redis) -> None:
    """Something of each class, written by those who write it."""
    inbox, memory = Inbox(redis, SEAL), Memory(redis, SEAL)
    await answered(redis)
    assert await memory.judge(Feedback("f1", "answer-m1", ANN, Verdict.UP))
    await memory.see("f1")
    await inbox.accept(question("m3", "slack:T1:C2:1.0"))
    job = await inbox.take()
    assert job
    await inbox.park(job, "parked-1", {})
    await inbox.keep("kept-1", question("m4"))
    await inbox.accept(question("m2"))


async def left(redis: Redis, kind: str) -> list[bytes | str]:
    return [key for beginning in KINDS[kind].beginnings for key in await redis.keys(beginning + "*")]


@pytest.mark.parametrize("kind", KINDS)
async def test_each_class_stays_to_its_day_and_no_longer(redis: Redis, kind: str) -> None:
    await everything(redis)
    there, until = await left(redis, kind), time.time() + KINDS[kind].seconds
    assert there
    erased = await enforce(redis, until - HOUR)
    assert kind not in erased
    assert set(await left(redis, kind)) == set(there)
    assert (await enforce(redis, until + HOUR))[kind] == len(there)
    assert not await left(redis, kind)


@pytest.mark.parametrize("kind", KINDS)
async def test_shorter_terms_hold_for_what_is_there_already(redis: Redis, kind: str) -> None:
    await everything(redis)
    await enforce(redis, time.time(), {kind: 0.5})
    for key in await left(redis, kind):
        assert 0 < await redis.ttl(key) <= keys.DAY / 2
    assert (await enforce(redis, time.time() + 0.5 * keys.DAY, {kind: 0.5}))[kind]
    assert not await left(redis, kind)


async def test_nothing_of_ours_stays_for_ever_but_what_describes_the_rest(redis: Redis) -> None:
    await everything(redis)
    await redis.set(keys.answer("old"), "an answer that nobody gave an end")
    await redis.set("another:program", "is none of our business")
    await enforce(redis, time.time())
    assert 0 < await redis.ttl(keys.answer("old")) <= 90 * keys.DAY
    assert [key for key in await redis.keys() if await redis.ttl(key) < 0] == [b"another:program"]


async def test_a_living_conversation_forgets_its_beginning(redis: Redis) -> None:
    start = time.time()
    await answered(redis, "m1", lambda: start - 29 * keys.DAY)
    await answered(redis, "m2", lambda: start)
    assert await enforce(redis, start) == {}
    assert await enforce(redis, start + 2 * keys.DAY) == {"conversation": 1}
    talk = await Memory(redis, SEAL).recall("slack:T1:C1:1.0")
    assert [exchange.key for exchange in talk.exchanges] == ["m2"]


async def test_the_last_exchange_takes_the_vault_with_it(redis: Redis) -> None:
    await answered(redis, "m1", lambda: time.time() - 31 * keys.DAY)
    assert await enforce(redis, time.time()) == {"conversation": 1}
    assert not await left(redis, "conversation")


async def test_after_a_hundred_days_nothing_is_left(redis: Redis) -> None:
    await everything(redis)
    await enforce(redis, time.time() + 100 * keys.DAY)
    assert not [key for kind in KINDS for key in await left(redis, kind)]


def test_unknown_classes_and_senseless_terms_are_told() -> None:
    with pytest.raises(
        ValueError, match=r"^talk: 30 must be one of conversation, answer, question, kept, parked, seen"
    ):
        terms({"talk": 30})
    for days, told in ((0.0, "0"), (-1.0, "-1"), (nan, "nan"), (1.5, "1.5")):
        with pytest.raises(ValueError, match=rf"^seen: {told} must be a number of days above 0 and at most 1, the def"):
            terms({"seen": days})


@pytest.mark.parametrize("kind", KINDS)
def test_terms_can_only_be_shortened(kind: str) -> None:
    default = KINDS[kind].seconds / keys.DAY
    assert terms({kind: default}) == terms({})
    assert terms({kind: default / 2})[kind] == KINDS[kind].seconds / 2
    with pytest.raises(ValueError, match=f"^{kind}: .* at most {default:g}, the default$"):
        terms({kind: default + 1})


def test_one_file_names_every_key() -> None:
    """What the inbox's script and the other modules write stands in `bot/keys.py`, with its time."""
    named = inspect.getsource(keys)
    script = files("bot").joinpath("inbox.lua").read_text("utf-8")
    written = set(re.findall(r"(?:root \.\. |key\()'([a-z]+):?'", script)) - {"set"}
    assert {"mail", "ready", "parked"} <= written
    assert [name for name in sorted(written) if not re.search(rf"`{name}(:[A-Z]+)?`", named)] == []
    others = [path for folder in ("bot", "ops", "adapters") for path in (ROOT / folder).rglob("*.py")]
    speaking = [path.name for path in others if re.search(r"""["']hg:(?!\*|talk:\*|posted:\*)""", path.read_text())]
    assert set(speaking) <= {"keys.py", "schema.py"}  # the migration knows the names of the layout before


@pytest.mark.timeout(30)
async def test_a_cluster_is_cleaned_on_every_node() -> None:
    async with valkey_cluster() as url:
        redis = connect(url)
        for number in range(50):
            await redis.set(keys.answer(str(number)), "an answer")
        await enforce(redis, time.time())
        assert all([await redis.ttl(keys.answer(str(number))) > 0 for number in range(50)])
        assert await enforce(redis, time.time() + 91 * keys.DAY) == {"answer": 50}
        await redis.aclose()
