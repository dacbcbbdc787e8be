"""The emulated workspace, and the company in it, over signed HTTP and over Socket Mode."""

from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis

from guardrails.pii import Guard
from rag.library import Library
from tests.slack.emulated.company import Company, Way, company_of
from tests.slack.emulated.node import Emulate, emulate
from tests.slack.emulated.workspace import EmulatedSlack


@pytest.fixture(scope="session")
def emulate_process() -> Iterator[Emulate]:
    """One `emulate` for the whole run."""
    with emulate() as process:
        yield process


@pytest.fixture
async def slack(emulate_process: Emulate) -> AsyncIterator[EmulatedSlack]:
    async with EmulatedSlack(emulate_process) as workspace:
        yield workspace


@pytest.fixture(params=["http", "sockets"])
def way(request: pytest.FixtureRequest) -> Way:
    """How Slack reaches us."""
    chosen: Way = request.param
    return chosen


@pytest.fixture
async def company(
    slack: EmulatedSlack, way: Way, redis: Redis, guard: Guard, library: Library
) -> AsyncIterator[Company]:
    """A company with one replica of ours."""
    async with company_of(1, slack, way, redis, (guard, library)) as company:
        yield company


@pytest.fixture
async def two_replicas(
    slack: EmulatedSlack, way: Way, redis: Redis, guard: Guard, library: Library
) -> AsyncIterator[Company]:
    """A company with two, which share one Redis."""
    async with company_of(2, slack, way, redis, (guard, library)) as company:
        yield company
