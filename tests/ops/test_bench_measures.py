"""The benchmarks in short: what they count is counted, and their load arrives."""

import asyncio
import random

import pytest
from aiohttp import web

from ops.bench.events import AGAIN, Tally, load_from, planned
from ops.bench.state import run_state


@pytest.mark.timeout(60)
async def test_a_turns_state_takes_two_round_trips_and_all_others_are_counted() -> None:
    ratio, trips = await run_state(blocks=2, turns=5)
    assert 0 < ratio < 1
    assert trips["recall"] == trips["remember"] == trips["accept"] == trips["record"] == trips["settle"] == 1
    assert 1 <= trips["take"] <= 2


def test_one_seed_is_one_mix_and_questions_come_twice_and_again() -> None:
    (one, marks), (other, more) = (planned(2000, 100.0, [1, 2], random.Random(7)) for _ in range(2))
    assert len(one) == len(other)
    assert len(marks) == len(more)
    assert not marks & more
    assert 60 < len(marks) < 240
    requests = [delivery.request for delivery in one]
    assert AGAIN / 2 < 1 - len(set(requests)) / len(requests) < AGAIN * 2
    assert {delivery.port for delivery in one} == {1, 2}


async def test_the_load_leaves_when_it_is_due_whatever_became_of_what_left_before() -> None:
    async def acknowledge(request: web.Request) -> web.Response:
        if "slow" in await request.text():
            await asyncio.sleep(0.5)
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/slack/events", acknowledge)
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    said = [("slow", 0.0), ("a", 0.05), ("b", 0.1), ("late", 0.4)]
    text = "POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{}"
    waits, statuses = await load_from([(at, port, text.format(len(word), word)) for word, at in said])
    await runner.cleanup()
    assert statuses == [200] * 4
    assert waits[0] > 0.45
    assert max(waits[1:]) < 0.3


def test_a_tally_tells_the_wait_that_a_share_stayed_under() -> None:
    tally = Tally(events=100, cpu=2.0, waits=[n / 1000 for n in range(100)])
    assert (tally.wait(0.5), tally.wait(0.99), tally.per_cpu_second) == (50, 99, 50)
