"""Every story, on every platform."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager

import pytest
from redis.asyncio import Redis

from guardrails.pii import Guard
from rag.library import Library
from tests.conformance.on_slack import on_slack
from tests.conformance.on_teams import on_teams
from tests.conformance.surface import PLATFORMS, Surface
from tests.slack.emulated.node import Emulate, emulate


@pytest.fixture(scope="session")
def emulate_process() -> Iterator[Emulate]:
    with emulate() as process:
        yield process


@pytest.fixture(params=PLATFORMS)
async def surface(
    request: pytest.FixtureRequest, redis: Redis, guard: Guard, library: Library
) -> AsyncIterator[Surface]:
    """A company on a platform, with one replica of ours."""
    async with _opened(request, redis, (guard, library), 1) as surface:
        yield surface


@pytest.fixture(params=PLATFORMS)
async def two_replicas(
    request: pytest.FixtureRequest, redis: Redis, guard: Guard, library: Library
) -> AsyncIterator[Surface]:
    """A company on a platform, with two, which share one Redis."""
    async with _opened(request, redis, (guard, library), 2) as surface:
        yield surface


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says how many stories are green on each platform."""
    passed = [report.nodeid for report in terminalreporter.getreports("passed") if report.when == "call"]
    told = [name for name in passed if name.startswith("tests/conformance/")]
    counts = [f"{platform} {len([name for name in told if f'[{platform}]' in name])}" for platform in PLATFORMS]
    if told:
        terminalreporter.write_line(f"stories green: {', '.join(counts)}")


def _opened(
    request: pytest.FixtureRequest, redis: Redis, parts: tuple[Guard, Library], replicas: int
) -> AbstractAsyncContextManager[Surface]:
    match request.param:
        case "slack":
            return on_slack(request.getfixturevalue("emulate_process"), redis, parts, replicas)
        case "teams":
            folder, monkeypatch = request.getfixturevalue("tmp_path"), request.getfixturevalue("monkeypatch")
            return on_teams(folder, monkeypatch, redis, parts, replicas)
    raise AssertionError(request.param)
