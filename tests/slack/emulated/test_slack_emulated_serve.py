"""`hausgeist serve` as a process of its own in the emulated Slack: one, and two on one Redis, of which one dies."""

import json
import signal
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.house_process import hausgeist, served
from tests.instant_model import instant_model
from tests.slack.emulated.company import Way, until_read
from tests.slack.emulated.workspace import EmulatedSlack

pytestmark = pytest.mark.timeout(120)

HOTELS = "# Hotels\n\nA hotel in Paris may cost EUR 180 a night.\n"
QUESTION = "How much may a hotel in Paris cost?"


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A home with a small handbook indexed."""
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / "hotels.md").write_text(HOTELS)
    outcome = await hausgeist(tmp_path, "ingest", "handbook", "--json")
    assert json.loads(outcome.out)["indexed"] == 1, outcome.err
    return tmp_path


def settings(slack: EmulatedSlack, way: Way, model: str) -> dict[str, str]:
    door = {"SLACK_APP_TOKEN": slack.app_token} if way == "sockets" else {"SLACK_SIGNING_SECRET": slack.secret}
    return {"HAUSGEIST_MODEL_URL": model, "SLACK_BOT_TOKEN": slack.bot_token, "SLACK_API_URL": slack.api_url, **door}


def connect(slack: EmulatedSlack, way: Way, *urls: str) -> None:
    if way == "sockets":
        slack.over_sockets()
    else:
        slack.over_http(*(f"{url}/slack/events" for url in urls))


async def test_the_service_answers(slack: EmulatedSlack, way: Way, folder: Path) -> None:
    async with instant_model() as model:
        async with served(folder, folder / "log", **settings(slack, way, model.url)) as house:
            connect(slack, way, house.url)
            channel, asked = slack.channels["general"], await slack.people["anna"].mentions(QUESTION)
            await until_read(lambda: slack.thread(channel, asked), "Sources")
            assert await house.end() == 0
    assert QUESTION not in (folder / "log").read_text()


async def test_of_two_one_dies_and_nothing_is_lost(slack: EmulatedSlack, way: Way, folder: Path) -> None:
    async with instant_model() as model, AsyncExitStack() as stack:
        common = settings(slack, way, model.url)
        first, second = [
            await stack.enter_async_context(served(folder, folder / f"log{number}", **common)) for number in range(2)
        ]
        connect(slack, way, first.url, second.url)
        slack.deliveries.copies = 2
        asked = [await someone.mentions(QUESTION) for someone in slack.people.values() if not someone.traits]
        await second.end(signal.SIGKILL)
        asked.append(await slack.people["beat"].mentions(QUESTION))
        for root in asked:
            await until_read(lambda root=root: slack.thread(slack.channels["general"], root), "Sources")  # type: ignore[misc]
    for root in asked:
        assert len(await slack.thread(slack.channels["general"], root)) == 1
