"""A reply as it grows in its thread, and as the answer stands in the end."""

import time
from dataclasses import replace

import pytest

from adapters.slack_payload import answer_id
from adapters.slack_reply import SlackReply
from adapters.slack_thread import SlackThread
from bot.errors import ModelDown, OverQuota, Stopped, Undelivered
from bot.ticket import FreeTicket
from tests.slack.desk import ANSWER, calls
from tests.slack.standin import SlackStandIn, Trouble

ROOT = "1767603600.000100"
CONVERSATION = f"slack:T0HOUSE:C0GENERAL:{ROOT}"
SLOWER = Trouble(429, "ratelimited", retry_after=0)


def opened(slack: SlackStandIn, ticket: FreeTicket, *, pause: float = 0, patience: float = 5) -> SlackReply:
    return SlackReply(SlackThread(calls(slack), "C0GENERAL", ROOT, ticket, patience), CONVERSATION, pause=pause)


@pytest.fixture
def ticket() -> FreeTicket:
    return FreeTicket(key="turn-1")


@pytest.fixture
def reply(slack: SlackStandIn, ticket: FreeTicket) -> SlackReply:
    return opened(slack, ticket)


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


async def test_edits_are_rare(slack: SlackStandIn, ticket: FreeTicket) -> None:
    reply = opened(slack, ticket, pause=60)
    await reply.write("word")
    await slack.called("chat.postMessage")
    for _ in range(100):
        await reply.write(" word")
    await reply.finish(ANSWER)
    assert slack.posts[0].edits == 1


async def test_a_waiting_message_becomes_the_answer(reply: SlackReply, slack: SlackStandIn, ticket: FreeTicket) -> None:
    await reply.waiting("3 before you")
    await reply.waiting("2 before you")
    assert ticket.posted == {0: slack.posts[0].ts}
    await reply.status("Searching the documents …")
    await slack.called("chat.update", 2)
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.shown[:3] == ["3 before you", "2 before you", "Searching the documents …"]
    assert post.read.startswith(ANSWER.text)
    assert slack.statuses == []


async def test_what_grows_can_be_stopped_and_what_stands_cannot(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.waiting("3 before you")
    assert slack.posts[0].buttons == {"hausgeist_stop": CONVERSATION}
    await reply.write("You have ")
    await slack.called("chat.update")
    assert slack.posts[0].buttons == {"hausgeist_stop": CONVERSATION}
    await reply.fail(Stopped("Stopped."), "t1")
    assert slack.posts[0].buttons == {}
    assert "Stopped." in slack.posts[0].read


async def test_a_makeshift_answer_can_be_asked_for_again(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.finish(replace(ANSWER, makeshift=True, language="de"))
    [post] = slack.posts
    assert post.buttons["hausgeist_again"] == ANSWER.trace_id
    assert [block["type"] for block in post.blocks[-2:]] == ["context_actions", "actions"]


async def test_a_failure_replaces_what_was_written_and_offers_to_ask_again(
    reply: SlackReply, slack: SlackStandIn
) -> None:
    await reply.write("You have 25 days")
    await slack.called("chat.postMessage")
    await reply.fail(ModelDown("The model fell silent."), "t1")
    [post] = slack.posts
    assert "The model fell silent." in post.read
    assert "25 days" not in post.read
    assert post.buttons == {"hausgeist_again": "t1"}


async def test_what_was_refused_is_not_offered_again(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.fail(OverQuota("Too many questions are waiting."), "t1")
    assert slack.posts[0].buttons == {}


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


@pytest.mark.parametrize("gone", ["message_not_found", "cant_update_message"])
async def test_an_answer_that_cannot_be_edited_is_posted(
    reply: SlackReply, slack: SlackStandIn, ticket: FreeTicket, gone: str
) -> None:
    await reply.write("You have ")
    await slack.called("chat.postMessage")
    slack.err("chat.update", Trouble(error=gone))
    name = await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)
    assert (name, ticket.posted) == (answer_id("C0GENERAL", post.ts), {0: post.ts})


async def test_blocks_that_slack_refuses_become_text_in_the_same_message(
    reply: SlackReply, slack: SlackStandIn
) -> None:
    await reply.write("You have ")
    await slack.called("chat.postMessage")
    slack.err("chat.update", Trouble(error="msg_blocks_too_long"))
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert (post.blocks, post.text[:11]) == ([], "You have *2")


async def test_a_storm_that_does_not_end_leaves_the_answer_for_later(slack: SlackStandIn, ticket: FreeTicket) -> None:
    slack.err("chat.postMessage", *[SLOWER] * 3, Trouble(429, "ratelimited", retry_after=3600))
    with pytest.raises(Undelivered):
        await opened(slack, ticket).finish(ANSWER)
    assert (slack.posts, slack.calls.count("chat.postMessage")) == ([], 4)
    await opened(slack, ticket).finish(ANSWER)
    assert len(slack.posts) == 1


async def test_slack_is_asked_no_sooner_than_it_said(reply: SlackReply, slack: SlackStandIn) -> None:
    slack.err("chat.postMessage", Trouble(429, "ratelimited", retry_after=1))
    began = time.monotonic()
    await reply.finish(ANSWER)
    assert time.monotonic() - began > 1
    assert len(slack.posts) == 1


@pytest.mark.parametrize("trouble", [Trouble(503), Trouble(error="fatal_error"), Trouble(lost=True)])
async def test_slack_away_leaves_the_failure_for_later(
    slack: SlackStandIn, ticket: FreeTicket, trouble: Trouble
) -> None:
    slack.err("chat.postMessage", trouble)
    slack.err("conversations.replies", Trouble(503))
    with pytest.raises(Undelivered):
        await opened(slack, ticket, patience=0).fail(ModelDown("The model fell silent."), "t1")


@pytest.mark.parametrize("lasting", ["is_archived", "channel_not_found", "token_revoked", "not_in_channel"])
async def test_where_nobody_can_be_told_the_log_is(
    reply: SlackReply, slack: SlackStandIn, caplog: pytest.LogCaptureFixture, lasting: str
) -> None:
    slack.err("chat.postMessage", *[Trouble(error=lasting)] * 4)
    assert await reply.finish(ANSWER) == ""
    await reply.fail(ModelDown("The model fell silent."), "t1")
    records = [record.__dict__ for record in caplog.records if record.levelname == "ERROR"]
    assert [(record["trace_id"], record["reason"]) for record in records] == [
        (ANSWER.trace_id, lasting),
        ("t1", lasting),
    ]
    assert slack.posts == []


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(body="[1, 2]"),
        Trouble(429, "ratelimited", retry_after="soon"),
        Trouble(502, body="<html>Bad gateway</html>", kind="text/html"),
        Trouble(body="<html>Sign in</html>", kind="text/html"),
        Trouble(body="<html>", kind="application/json"),
        Trouble(429, body="slower", kind="text/plain", retry_after=0),
        Trouble(body="[" * 100_000),  # too deep for Python's JSON: a RecursionError
    ],
    ids=["a list", "no number", "bad gateway", "a proxy's page", "no JSON", "plain text", "a deep list"],
)
async def test_nonsense_in_slacks_place_costs_the_answer_nothing(
    reply: SlackReply, slack: SlackStandIn, trouble: Trouble
) -> None:
    for method in ("assistant.threads.setStatus", "chat.postMessage"):
        slack.err(method, trouble)
    await reply.status("Searching …")
    await slack.called("assistant.threads.setStatus")
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)
