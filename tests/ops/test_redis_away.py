"""Where the state lives and what happens to it: a cluster, a failover, a server that is gone, held, full or empty."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from bot.errors import StateDown
from bot.events import Again, Command, Deleted, Edited, Feedback, Person, Turn, Verdict
from bot.model import ScriptedModel
from bot.ticket import Ticket
from bot.worker import Worker
from guardrails.pii import Guard
from ops.redis_server import connect
from rag.library import Library
from tests.bot.house import House, Seen, turn, until
from tests.redis_servers import valkey_cluster, valkey_sentinel, valkey_server

pytestmark = pytest.mark.timeout(60)

HOTEL = "How much may a hotel in Paris cost?"
SAID = "A hotel in Paris may cost EUR 180 a night. [1]"


@asynccontextmanager
async def house_on(url: str, guard: Guard, library: Library) -> AsyncIterator[tuple[House, list[Seen]]]:
    """A house with a worker on the Redis at `url`; what people see."""
    redis = connect(url)
    house, shown = House(redis, guard, library, ScriptedModel(*[SAID] * 200)), list[Seen]()

    def open_reply(_turn: Turn, _ticket: Ticket) -> Seen:
        shown.append(Seen())
        return shown[-1]

    house.dispatcher.register("test", open_reply)
    worker = Worker(house.inbox, house.dispatcher, house.book, slots=4)
    task = asyncio.create_task(worker.run())
    try:
        yield house, shown
    finally:
        await worker.drain(0)
        task.cancel()
        await asyncio.wait([task])
        await redis.aclose()


def answered(shown: list[Seen], times: int) -> bool:
    return sum(bool(seen.answers) for seen in shown) >= times


async def accepted(house: House, asked: Turn) -> None:
    """Delivers as platforms do: again until it is taken."""
    while True:
        try:
            await house.dispatcher.accept(asked)
        except StateDown:
            await asyncio.sleep(0.05)
        else:
            return


async def test_the_whole_story_on_a_cluster(guard: Guard, library: Library) -> None:
    mara = Person("test:mara")
    async with valkey_cluster() as url, house_on(url, guard, library) as (house, shown):
        for n in range(6):
            await house.dispatcher.accept(turn(f"{HOTEL} {n}", conversation=f"test:{n}"))
        await until(lambda: answered(shown, 6))
        follow_up = turn("Which class are trains booked in?", conversation="test:1")
        await house.dispatcher.accept(follow_up)
        await until(lambda: answered(shown, 7))
        assert (await house.dispatcher.accept(Feedback("f1", "answer-1", mara, Verdict.UP))).new
        receipt = await house.dispatcher.accept(Edited("e1", "v1", follow_up))
        await house.dispatcher.accept(Again("a1", receipt.offer, mara))
        await until(lambda: answered(shown, 8))
        while (await house.inbox.line()).messages:
            await asyncio.sleep(0.01)
        await house.dispatcher.accept(Deleted("d1", follow_up.message_id, "test:1"))
        assert len((await house.memory.recall("test:1")).exchanges) == 1, "nor what was asked again by its button"
        assert "forgotten" in (await house.dispatcher.accept(Command("c1", "reset", mara, "test:"))).note
        assert not (await house.memory.recall("test:5")).exchanges


async def test_a_failover_needs_no_hand(guard: Guard, library: Library) -> None:
    async with valkey_sentinel() as watched, house_on(watched.url, guard, library) as (house, shown):
        await house.dispatcher.accept(turn(HOTEL))
        await until(lambda: answered(shown, 1))
        await watched.master.kill()
        await accepted(house, turn(HOTEL + " And in Rome?"))
        await until(lambda: answered(shown, 2))


async def test_what_was_taken_survives_a_kill_and_the_answer_comes_when_redis_is_back(
    guard: Guard, library: Library
) -> None:
    async with valkey_server() as server, house_on(server.url, guard, library) as (_, shown):
        away = House(connect(server.url), guard, library, ScriptedModel())
        for n in range(5):
            await away.dispatcher.accept(turn(f"{HOTEL} {n}", conversation=f"test:{n}"))
        await server.kill()
        with pytest.raises(StateDown):
            await away.dispatcher.accept(turn("Is anybody there?"))
        await server.start()
        await until(lambda: answered(shown, 5))
        await asyncio.sleep(0)
        assert sum(len(seen.answers) for seen in shown) == 5
        await away.redis.aclose()


async def test_a_redis_that_is_held_keeps_nobody_waiting_for_ever(guard: Guard, library: Library) -> None:
    async with valkey_server() as server, house_on(server.url, guard, library) as (house, shown):
        server.pause()
        asking = asyncio.create_task(accepted(house, turn(HOTEL)))
        await asyncio.sleep(0.5)
        assert not asking.done()
        server.resume()
        await asking
        await until(lambda: answered(shown, 1))


async def test_a_full_redis_takes_nothing_and_says_so_until_there_is_room(guard: Guard, library: Library) -> None:
    async with valkey_server() as server, house_on(server.url, guard, library) as (house, shown):
        admin = Redis.from_url(server.url)
        await admin.config_set("maxmemory", "1")
        with pytest.raises(StateDown):
            await house.dispatcher.accept(turn(HOTEL))
        await admin.config_set("maxmemory", "0")
        await house.dispatcher.accept(turn(HOTEL))
        await until(lambda: answered(shown, 1))
        await admin.aclose()


async def test_an_empty_redis_in_its_place_is_worked_with(guard: Guard, library: Library) -> None:
    async with valkey_server() as server, house_on(server.url, guard, library) as (house, shown):
        await house.dispatcher.accept(turn(HOTEL))
        await until(lambda: answered(shown, 1))
        await server.kill()
        for path in server.folder.rglob("appendonly*"):
            if path.is_file():
                path.unlink()
        await server.start()
        await accepted(house, turn(HOTEL + " And in Rome?"))
        await until(lambda: answered(shown, 2))
