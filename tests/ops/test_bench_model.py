"""The instant model and the payloads of the benchmarks: they must be what our own parts take them for."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
import pytest
from aiohttp import web

from adapters import slack_events, teams_events
from bot.events import Turn
from ops.bench.instant_model import InstantModel
from ops.bench.payloads import slack_direct, slack_mention, teams_mention, teams_message
from ops.bench.standins import new_ts


@dataclass(frozen=True)
class Client:
    http: aiohttp.ClientSession
    url: str

    async def ask(self, question: str) -> tuple[int, str]:
        asked = {"messages": [{"role": "user", "content": question}], "stream": True}
        async with self.http.post(f"{self.url}/v1/chat/completions", json=asked) as response:
            lines = (await response.text()).split("\n\n") if response.status == 200 else []
        pieces = [orjson.loads(line[5:])["choices"][0]["delta"]["content"] for line in lines if '"content"' in line]
        return response.status, "".join(pieces)

    async def counts(self) -> dict[str, int]:
        async with self.http.get(f"{self.url}/counts") as response:
            return dict(await response.json())

    async def switch(self, **switches: object) -> None:
        async with self.http.post(f"{self.url}/switches", json=switches) as response:
            assert response.status == 200

    async def until(self, name: str, count: int) -> None:
        while (await self.counts())[name] != count:
            await asyncio.sleep(0.01)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    runner = web.AppRunner(InstantModel().application(), access_log=None, handler_cancellation=True, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with aiohttp.ClientSession() as http:
        yield Client(http, f"http://127.0.0.1:{runner.addresses[0][1]}")
    await runner.cleanup()


async def test_it_repeats_the_marks_of_the_questions(client: Client) -> None:
    status, said = await client.ask("Passages: …\n\nQuestion: Hotels? Q7-0.\n\nTrains? Q7-1.")
    assert (status, said) == (200, "The answer to Q7-0 and Q7-1 stands in the handbook. [1]")


async def test_it_stalls_and_goes_on(client: Client) -> None:
    await client.switch(stalled=True)
    asked = asyncio.create_task(client.ask("Hotels? Q7-0."))
    await client.until("running", 1)
    await client.switch(stalled=False)
    assert (await asked)[1].startswith("The answer to Q7-0")


async def test_beyond_capacity_it_queues_and_beyond_the_queue_it_refuses(client: Client) -> None:
    await client.switch(stalled=True, capacity=1, queue=1)
    first = asyncio.create_task(client.ask("Q7-0"))
    await client.until("running", 1)
    second = asyncio.create_task(client.ask("Q7-1"))
    await client.until("waiting", 1)
    assert (await client.ask("Q7-2"))[0] == 429
    first.cancel()  # who goes away makes room
    await client.until("left", 1)
    await client.switch(stalled=False)
    assert (await second)[1].startswith("The answer to Q7-1")


def event(body: bytes) -> Turn:
    payload: dict[str, Any] = orjson.loads(body)
    parsed = slack_events.parse(payload)
    assert isinstance(parsed, Turn)
    return parsed


def test_our_adapters_take_the_questions_of_the_bench() -> None:
    root = new_ts()
    direct = event(slack_direct("D01", "U1", "Hotels? Q7-0", root).body)
    assert (direct.text, direct.private, direct.conversation) == ("Hotels? Q7-0", True, f"slack:T0BENCH:D01:{root}")
    mention, twin = slack_mention("C01", "U1", "Hotels? Q7-1", new_ts(), root)
    assert event(mention.body).conversation == f"slack:T0BENCH:C01:{root}"
    assert orjson.loads(mention.body)["event"]["ts"] == orjson.loads(twin.body)["event"]["ts"]
    assert orjson.loads(mention.body)["event_id"] != orjson.loads(twin.body)["event_id"]
    chat = teams_events.parse(orjson.loads(teams_message("http://127.0.0.1:1/", "a:1", "U1", "Hotels? Q7-2", "5").body))
    assert isinstance(chat, Turn)
    assert (chat.text, chat.private, chat.conversation) == ("Hotels? Q7-2", True, "teams:a:1")
    thread = "19:c@thread.tacv2;messageid=5"
    called = teams_events.parse(
        orjson.loads(teams_mention("http://127.0.0.1:1/", thread, "U1", "Trains? Q7-3", "6").body)
    )
    assert isinstance(called, Turn)
    assert (called.text, called.private, called.conversation) == ("Trains? Q7-3", False, f"teams:{thread}")
    assert (called.call, called.place, called.opens) == ("addressed", "teams:19:c@thread.tacv2", False)
