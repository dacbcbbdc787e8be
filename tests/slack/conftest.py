"""A workspace, a dispatcher with one answer, the adapter between them, and Slack's way in to us."""

from collections.abc import AsyncIterator

import pytest

from adapters.slack import SlackAdapter
from tests.slack.desk import SECRET, Desk, OneAnswer, opened
from tests.slack.standin import SlackStandIn


@pytest.fixture
async def slack() -> AsyncIterator[SlackStandIn]:
    async with SlackStandIn() as workspace:
        yield workspace


@pytest.fixture
def dispatcher() -> OneAnswer:
    return OneAnswer()


@pytest.fixture
async def adapter(slack: SlackStandIn, dispatcher: OneAnswer) -> AsyncIterator[SlackAdapter]:
    adapter = SlackAdapter(dispatcher, bot_token=slack.bot_token, signing_secret=SECRET, api_url=slack.api_url)
    await adapter.start()
    yield adapter
    await adapter.stop()


@pytest.fixture
async def desk(adapter: SlackAdapter) -> AsyncIterator[Desk]:
    async with opened(adapter) as desk:
        yield desk
