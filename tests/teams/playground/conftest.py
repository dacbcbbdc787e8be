"""The Playground, the company that it plays Teams for, and a window on it; a test must end without an error there."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from guardrails.pii import Guard
from rag.library import Library
from tests.teams.playground.client import Client, window
from tests.teams.playground.company import Company, Door, company_of
from tests.teams.playground.process import Playground, playground


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with Door() as door:
        yield door


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(door: Door, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Playground]:
    """One Playground for the module."""
    async with playground(door.url, tmp_path_factory.mktemp("playground")) as played:
        yield played


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[Client]:
    """One window for the module."""
    async with window() as opened:
        yield opened


@pytest_asyncio.fixture(loop_scope="module")
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client on an empty Valkey, in the loop of the browser."""
    client = Redis.from_url(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest_asyncio.fixture(loop_scope="module")
async def company(
    redis: Redis, guard: Guard, library: Library, played: Playground, door: Door
) -> AsyncIterator[Company]:
    async with company_of(redis, (guard, library), played, door) as company:
        yield company


@pytest_asyncio.fixture(loop_scope="module")
async def client(company: Company, opened: Client) -> AsyncIterator[Client]:
    await opened.begin(company.playground.url)
    yield opened
    assert opened.errors == []
    assert opened.answered == []
