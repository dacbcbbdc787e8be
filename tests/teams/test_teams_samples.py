"""Teams' own samples, and what becomes of them when things go wrong: nothing of it breaks us."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from redis.asyncio import Redis
from starlette.applications import Starlette

from adapters.teams import TeamsAdapter
from bot.events import Again, Command, Event, Feedback, Receipt, Turn
from bot.model import ExtractiveModel
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House
from tests.mutations import mutated
from tests.teams import standin
from tests.teams.samples import activities, completed, samples

MUTATIONS = 50
PARTS = 4  # of all samples, each in a test of its own
GENERATED = 150
ON_PURPOSE = ("Teams activity not taken", "a question was not handed to a person")


@dataclass
class Door:
    """Our way in, and what came in by it."""

    http: httpx.AsyncClient
    sign_in: standin.SignIn
    taken: Counter[type[Event]]
    statuses: Counter[int] = field(default_factory=Counter)
    tokens: dict[str, str] = field(default_factory=dict)

    async def post(self, activity: dict[str, Any]) -> int:
        """Posts it as Teams does, with a token for where it says that it comes from; 599 where that broke us."""
        url = activity.get("serviceUrl")
        known = url if isinstance(url, str) and url.isascii() else standin.SERVICE_URL
        if known not in self.tokens:
            self.tokens[known] = self.sign_in.token(serviceurl=known)
        headers = {"content-type": "application/json", "authorization": f"Bearer {self.tokens[known]}"}
        try:
            response = await self.http.post("/api/messages", content=json.dumps(activity), headers=headers)
        except httpx.HTTPError:
            return 599
        self.statuses[response.status_code] += 1
        if response.status_code == 200 and activity.get("type") == "invoke":
            assert isinstance(response.json(), dict)
        return response.status_code


@pytest.fixture
async def door(microsoft: standin.Microsoft, redis: Redis, guard: Guard, library: Library) -> AsyncIterator[Door]:
    """The real app with a real inbox behind it; that something breaks it is not caught on the way."""
    dispatcher = House(redis, guard, library, ExtractiveModel()).dispatcher
    taken: Counter[type[Event]] = Counter()
    accept = dispatcher.accept

    async def counted(event: Event) -> Receipt:
        taken[type(event)] += 1
        return await accept(event)

    dispatcher.accept = counted  # type: ignore[method-assign]  # it watches, and changes nothing
    adapter = TeamsAdapter(dispatcher, app_id=standin.APP_ID, app_password=standin.PASSWORD)
    transport = httpx.ASGITransport(Starlette(routes=adapter.routes()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Door(http, microsoft.sign_in, taken)
    await adapter.stop()


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log calls an error, other than what we say on purpose."""
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
    told = [f"{record.name}: {record.getMessage()} {record.__dict__.get('error', '')}" for record in loud]
    return [line for line in told if not any(purpose in line for purpose in ON_PURPOSE)]


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("plausible", [False, True])
async def test_every_sample_and_fifty_mutations_of_each(
    door: Door, caplog: pytest.LogCaptureFixture, plausible: bool, part: int
) -> None:
    caplog.set_level(logging.ERROR)
    mine = samples()[part::PARTS]
    for number in range(1 + MUTATIONS):
        sent = [sample.made(number, plausible=plausible) for sample in mine]
        if number:
            sent = [mutated(one, f"{sample.name}-{number}") for sample, one in zip(mine, sent, strict=True)]
        said = await asyncio.gather(*map(door.post, sent))
        broke = [f"{sample.name} {number}" for sample, status in zip(mine, said, strict=True) if status >= 500]
        assert not (broke or errors(caplog)), (broke, errors(caplog))
    assert door.statuses.total() == (1 + MUTATIONS) * len(mine)
    assert not plausible or door.statuses[200] > 0.5 * door.statuses.total()
    assert not plausible or {Turn, Feedback, Command, Again} <= door.taken.keys()


@given(activity=activities())
@settings(
    max_examples=GENERATED,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_what_the_connectors_schema_allows(
    door: Door, caplog: pytest.LogCaptureFixture, activity: dict[str, Any]
) -> None:
    for one in (activity, completed(activity)):
        assert await door.post(one) < 500, one
    assert not errors(caplog)


async def test_all_samples_are_there() -> None:
    found = samples()
    assert sum(sample.activity for sample in found) >= 15
    assert len(found) >= 40
