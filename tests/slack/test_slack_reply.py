"""A reply as it grows in its thread."""

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_events import answer_id
from adapters.slack_reply import SlackReply
from adapters.slack_thread import SlackThread
from bot.errors import ModelDown, Unavailable
from tests.slack.desk import ANSWER
from tests.slack.standin import SlackStandIn, Trouble

SLOWER = Trouble(429, "ratelimited", retry_after=0)


@pytest.fixture
def thread(slack: SlackStandIn) -> SlackThread:
    client = AsyncWebClient(slack.bot_token, slack.api_url, retry_handlers=[])
    return SlackThread(client, client, "C0GENERAL", "1767603600.000100")


@pytest.fixture
def reply(thread: SlackThread) -> SlackReply:
    return SlackReply(thread, pause=0)


async def test_status_first_words_more_words_answer(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.status("Searching the documents …")
    await slack.called("assistant.threads.setStatus")
    await reply.write("You have ")
    await slack.called("chat.postMessage")
    await reply.write("**25 days**")
    await slack.called("chat.update")
    name = await reply.finish(ANSWER)
    [post] = slack.posts
    assert slack.statuses[0]["loading_messages"] == ["Searching the documents …"]
    assert post.shown[:2] == ["You have …", "You have **25 days** …"]
    assert post.read.startswith(ANSWER.text)
    assert name == answer_id("C0GENERAL", post.ts)


async def test_edits_are_rare(thread: SlackThread, slack: SlackStandIn) -> None:
    reply = SlackReply(thread, pause=60)
    await reply.write("word")
    await slack.called("chat.postMessage")
    for _ in range(100):
        await reply.write(" word")
    await reply.finish(ANSWER)
    assert slack.posts[0].edits == 1


async def test_a_failure_replaces_what_was_written(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.write("You have 25 days")
    await slack.called("chat.postMessage")
    await reply.fail(ModelDown("The model fell silent."), "t1")
    [post] = slack.posts
    assert "The model fell silent." in post.read
    assert "25 days" not in post.read


async def test_what_slack_does_not_take_on_the_way_comes_later(reply: SlackReply, slack: SlackStandIn) -> None:
    slack.err("assistant.threads.setStatus", Trouble(error="missing_scope"))
    slack.err("chat.postMessage", SLOWER, Trouble(500))
    await reply.status("Searching …")
    await slack.called("assistant.threads.setStatus")
    for times, piece in enumerate(("You ", "have ", "25 "), start=1):
        await reply.write(piece)
        await slack.called("chat.postMessage", times)
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.shown[0] == "You have 25 …"


async def test_an_answer_that_cannot_be_edited_is_posted(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.write("You have ")
    await slack.called("chat.postMessage")
    slack.err("chat.update", Trouble(error="cant_update_message"))
    name = await reply.finish(ANSWER)
    assert slack.posts[-1].read.startswith(ANSWER.text)
    assert name == answer_id("C0GENERAL", slack.posts[-1].ts)


async def test_an_answer_that_cannot_be_shown_is_an_error(reply: SlackReply, slack: SlackStandIn) -> None:
    slack.err("chat.postMessage", *[Trouble(error="is_archived")] * 2)
    with pytest.raises(Unavailable):
        await reply.finish(ANSWER)
    await reply.fail(Unavailable("Slack did not take the answer."), "t1")
    assert len(slack.posts) == 1


async def test_a_failure_that_cannot_be_told_is_logged(
    reply: SlackReply, slack: SlackStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    slack.err("chat.postMessage", *[Trouble(error="is_archived")] * 2)
    await reply.fail(ModelDown("The model fell silent."), "t1")
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.__dict__["trace_id"] == "t1"


async def test_what_nobody_expected_on_the_way_costs_the_answer_nothing(
    reply: SlackReply, slack: SlackStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    slack.err("chat.postMessage", Trouble(body="[" * 100_000))  # too deep for Python's JSON: a RecursionError
    await reply.write("You have ")
    await slack.called("chat.postMessage")
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)
    assert "RecursionError" in [record.__dict__.get("reason") for record in caplog.records]
