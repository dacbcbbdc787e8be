"""Socket Mode: the same events over a connection that we open."""

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack import SlackAdapter
from adapters.slack_socket import SlackSocket
from bot.events import Receipt
from tests.slack.desk import OneAnswer, recorded
from tests.slack.standin import SlackStandIn, Trouble


@pytest.fixture
async def adapter(slack: SlackStandIn, dispatcher: OneAnswer) -> AsyncIterator[SlackAdapter]:
    api_url = slack.api_url.rstrip("/")
    adapter = SlackAdapter(dispatcher, bot_token=slack.bot_token, app_token=slack.app_token, api_url=api_url)
    await adapter.start()
    yield adapter
    await adapter.stop()


async def test_a_mention_is_answered_once_in_its_thread(
    adapter: SlackAdapter, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    await (await slack.deliver(recorded("app_mention")))
    await dispatcher.idle()
    [post] = slack.thread("C0GENERAL", "1767603600.000100")
    assert "**25 days**" in post.read
    assert "Annual leave" in post.read


async def test_without_state_nothing_is_acknowledged(
    adapter: SlackAdapter, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.down = True
    first = await slack.deliver(recorded("app_mention"))
    while not dispatcher.offered:
        await (await slack.deliver(recorded("ignored_own_message")))
    dispatcher.down = False
    await (await slack.deliver(recorded("app_mention")))
    assert not first.done()


async def test_buttons_and_unknown_events_are_acknowledged(
    adapter: SlackAdapter, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    await (await slack.deliver(recorded("button_helpful"), "interactive"))
    await (await slack.deliver(recorded("ignored_app_home_opened")))
    assert len(dispatcher.feedback) == 1


async def test_a_slash_command_is_answered_in_its_acknowledgement(
    adapter: SlackAdapter, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.receipt = Receipt(note="I stop answering you here.")
    acknowledged = await slack.deliver(recorded("slash_command"), "slash_commands")
    assert await acknowledged == {"text": "I stop answering you here."}


async def test_the_socket_tells_how_it_is(adapter: SlackAdapter, slack: SlackStandIn) -> None:
    await (await slack.deliver(recorded("ignored_app_home_opened")))
    assert adapter.health() is True
    await slack.cut()
    while adapter.health():
        await asyncio.sleep(0)
    assert adapter.health() is False
    await adapter.stop()
    assert adapter.health() is None


@pytest.mark.parametrize(("token", "closed"), [("xapp-wrong", False), ("xapp-house-0002", True)])
async def test_a_refused_connection_does_not_stop_the_start(
    slack: SlackStandIn, caplog: pytest.LogCaptureFixture, token: str, closed: bool
) -> None:
    caplog.set_level(logging.INFO)
    slack.err("link", *[Trouble()] * closed)
    socket = SlackSocket(AsyncApp(client=AsyncWebClient(slack.bot_token, slack.api_url)), token, patience=0.2)
    await socket.open()
    assert socket.alive is False
    await socket.close()
    assert "check SLACK_APP_TOKEN" in caplog.text
    assert "Failed to connect" in caplog.text
    assert not any(secret in caplog.text for secret in (token, "secret-ticket", "Traceback"))
