"""An answer that grows natively at Slack, each of Slack's refusals on the way, and who takes over in its midst."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from adapters.slack_payload import answer_id
from adapters.slack_reply import SlackReply
from adapters.slack_stream import SlackStream
from adapters.slack_thread import SlackThread
from bot.errors import ModelDown, StateDown, Stopped
from bot.ticket import FreeTicket
from tests.slack.desk import ANSWER, calls
from tests.slack.standin import SlackStandIn, Trouble

ROOT = "1767603600.000100"
SLOWER = Trouble(429, "ratelimited", retry_after=0)
RECIPIENT = {"recipient_team_id": "T0HOUSE", "recipient_user_id": "U0ANNA"}
BEGUN = "You have **25 days** "


def opened(slack: SlackStandIn, ticket: FreeTicket) -> SlackReply:
    thread = SlackThread(calls(slack), "C0GENERAL", ROOT, ticket, 5, bot="U0GEIST")
    stream = SlackStream(thread, RECIPIENT)
    return SlackReply(thread, f"slack:T0HOUSE:C0GENERAL:{ROOT}", pause=0, stream=stream)


class Forgotten(FreeTicket):
    """A ticket whose worker dies before it can note anything."""

    async def record(self, message: str, part: int = 0) -> None:
        raise StateDown


@pytest.fixture(autouse=True)
def streams(slack: SlackStandIn) -> None:
    slack.streams = True


@pytest.fixture
def ticket() -> FreeTicket:
    return FreeTicket(key="turn-1")


@pytest.fixture
def reply(slack: SlackStandIn, ticket: FreeTicket) -> SlackReply:
    return opened(slack, ticket)


async def begun(reply: SlackReply, slack: SlackStandIn) -> None:
    """Two steps and the first words are shown."""
    await reply.status("Searching the documents …")
    await slack.called("chat.startStream")
    await reply.status("Reading what I found …")
    await slack.called("chat.appendStream")
    await reply.write(BEGUN)
    await slack.called("chat.appendStream", 2)


async def test_steps_then_words_then_all_that_stands_below(
    reply: SlackReply, slack: SlackStandIn, ticket: FreeTicket
) -> None:
    await begun(reply, slack)
    [post] = slack.posts
    assert post.tasks == {
        "step-1": ("Searching the documents …", "complete"),
        "step-2": ("Reading what I found …", "complete"),
    }
    assert post.text.strip() == BEGUN.strip()
    name = await reply.finish(replace(ANSWER, title="Annual leave"))
    assert (name, ticket.posted) == (answer_id("C0GENERAL", post.ts), {0: post.ts})
    assert post.text == ANSWER.text
    assert "[1] <https://house.example/d/leave|Annual leave>" in post.read
    assert {"hausgeist_again", "hausgeist_wrong_source", "hausgeist_ask_person"} == set(post.buttons)
    assert slack.titles == []  # only direct messages have one
    assert {"chat.update", "chat.postMessage"}.isdisjoint(slack.calls)


@pytest.mark.parametrize(
    "refusal",
    [
        SLOWER,
        Trouble(error="missing_recipient_user_id"),
        Trouble(error="unknown_method"),
        Trouble(error="missing_scope"),
        Trouble(503),
    ],
    ids=["429", "recipient", "unknown", "scope", "503"],
)
async def test_a_stream_that_does_not_begin_is_a_message(
    reply: SlackReply, slack: SlackStandIn, refusal: Trouble
) -> None:
    slack.err("chat.startStream", refusal)
    await reply.status("Searching …")
    await slack.called("assistant.threads.setStatus")
    await reply.write(BEGUN)
    await slack.called("chat.postMessage")
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)
    assert slack.calls.count("chat.startStream") == 1


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "stopped_by_user", "internal_error"])
async def test_a_stream_that_ends_on_the_way_is_edited(reply: SlackReply, slack: SlackStandIn, error: str) -> None:
    await reply.status("Searching …")
    await slack.called("chat.startStream")
    slack.err("chat.appendStream", Trouble(error=error))
    await reply.write(BEGUN)
    await slack.called("chat.update")
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert (post.read.startswith(ANSWER.text), post.grows) == (True, False)


async def test_words_whose_way_was_lost_do_not_stand_twice(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.status("Searching …")
    await slack.called("chat.startStream")
    slack.err("chat.appendStream", Trouble(lost=True))
    await reply.write(BEGUN)
    await slack.called("chat.update")
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert post.read.count("25 days") == 1


async def test_who_is_told_to_be_slower_goes_on(reply: SlackReply, slack: SlackStandIn) -> None:
    await reply.status("Searching …")
    await slack.called("chat.startStream")
    slack.err("chat.appendStream", SLOWER)
    await reply.write(BEGUN)
    await slack.called("chat.appendStream")
    await reply.write("of annual ")
    await slack.called("chat.appendStream", 2)
    slack.err("chat.stopStream", SLOWER)
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert (post.text, post.grows, post.edits) == (ANSWER.text, False, 0)


@pytest.mark.parametrize(
    "trouble", [Trouble(error="message_not_in_streaming_state"), Trouble(lost=True), Trouble(503)], ids=str
)
async def test_an_end_that_slack_does_not_take_is_an_edit(
    reply: SlackReply, slack: SlackStandIn, trouble: Trouble
) -> None:
    await begun(reply, slack)
    slack.err("chat.stopStream", trouble)
    await reply.finish(ANSWER)
    [post] = slack.posts
    assert (post.read.startswith(ANSWER.text), post.grows) == (True, False)
    assert set(post.buttons) >= {"hausgeist_again"}


async def test_another_answer_than_the_streamed_one_takes_its_place(reply: SlackReply, slack: SlackStandIn) -> None:
    await begun(reply, slack)
    await reply.finish(replace(ANSWER, text="The documents do not say.", sources=(), refused=True))
    [post] = slack.posts
    assert post.read.startswith("The documents do not say.")
    assert "25 days" not in post.read


async def test_a_long_answer_goes_on_in_numbered_parts(reply: SlackReply, slack: SlackStandIn) -> None:
    long = "\n\n".join(f"Paragraph {number}: " + "Ferien. " * 100 for number in range(30))
    await reply.write(long[:2000])
    await slack.called("chat.startStream")
    await reply.finish(replace(ANSWER, text=long))
    read = "\n".join(post.read for post in slack.posts)
    assert len(slack.posts) > 2
    assert all(read.count(f"Paragraph {number}:") == 1 for number in range(30))
    assert f"(1/{len(slack.posts)})" in slack.posts[0].read


async def test_a_failure_takes_the_place_of_what_was_streamed(reply: SlackReply, slack: SlackStandIn) -> None:
    await begun(reply, slack)
    await reply.fail(ModelDown("The model fell silent."), "t1")
    [post] = slack.posts
    assert "The model fell silent." in post.read
    assert "25 days" not in post.read


async def test_who_takes_over_edits_the_message_that_still_grows(
    reply: SlackReply, slack: SlackStandIn, ticket: FreeTicket
) -> None:
    await begun(reply, slack)
    heir = replace(ticket, again=True, posted=dict(ticket.posted))
    await opened(slack, heir).finish(ANSWER)
    [post] = slack.posts
    assert (post.read.startswith(ANSWER.text), post.grows) == (True, False)


async def test_an_empty_stream_that_nobody_recorded_is_taken_away(slack: SlackStandIn) -> None:
    slack.hold("chat.startStream")
    lost = opened(slack, FreeTicket(key="turn-1"))
    await lost.status("Searching …")
    await slack.called("chat.startStream")
    [died] = [task for task in asyncio.all_tasks() if "_keep_up" in repr(task)]
    died.cancel()
    await asyncio.wait([died])
    await opened(slack, FreeTicket(key="turn-1", again=True)).finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)


@pytest.mark.parametrize("died", ["posted", "streaming"])
async def test_who_takes_over_finds_what_stands_unrecorded_before_it_shows_a_word(
    slack: SlackStandIn, died: str
) -> None:
    slack.streams = died == "streaming"
    lost = opened(slack, Forgotten(key="turn-1"))
    with contextlib.suppress(StateDown):
        await lost.status("Searching …")
        await slack.called("chat.startStream")
        await lost.finish(ANSWER) if died == "posted" else None
    slack.streams = True
    heir = opened(slack, FreeTicket(key="turn-1", again=True))
    await heir.status("Searching …")
    await slack.called("assistant.threads.setStatus")
    await heir.write(BEGUN)
    await heir.finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)


async def test_an_answer_that_stands_goes_on_to_stand_when_its_replacement_fails(slack: SlackStandIn) -> None:
    await opened(slack, FreeTicket(key="turn-1")).finish(ANSWER)
    [old] = slack.posts
    thread = SlackThread(calls(slack), "C0GENERAL", ROOT, FreeTicket(key="turn-2"), 5, replaced=[old.ts], bot="U0GEIST")
    again = SlackReply(thread, f"slack:T0HOUSE:C0GENERAL:{ROOT}", pause=0)
    again.aside = "U0ANNA"
    await again.status("Searching …")
    await slack.called("assistant.threads.setStatus")
    await again.fail(Stopped("Stopped."), "t2")
    assert [post.read.startswith(ANSWER.text) for post in slack.posts] == [True]
    assert "Stopped." in slack.whispers[0]["text"]
    assert slack.whispers[0]["user"] == "U0ANNA"


async def test_who_stops_it_in_slack_stops_the_answer(reply: SlackReply, slack: SlackStandIn) -> None:
    stopped = asyncio.Event()

    async def stop() -> None:
        stopped.set()

    reply.stopped = stop
    await reply.status("Searching …")
    await slack.called("chat.startStream")
    slack.err("chat.appendStream", Trouble(error="stopped_by_user"))
    await reply.write(BEGUN)
    await stopped.wait()
    await reply.fail(Stopped("Stopped."), "t1")
    [post] = slack.posts
    assert "Stopped." in post.read


async def test_a_workspace_that_refuses_is_spared(reply: SlackReply, slack: SlackStandIn) -> None:
    refused: list[bool] = []
    reply.refused = lambda: refused.append(True)
    slack.err("chat.startStream", Trouble(error="not_allowed_token_type"))
    await reply.status("Searching …")
    await slack.called("assistant.threads.setStatus")
    await reply.finish(ANSWER)
    assert refused == [True]


async def test_nobody_is_called_in_a_stream_however_it_is_cut(reply: SlackReply, slack: SlackStandIn) -> None:
    text = "Ask <!channel> or <@U0BEAT> about 1<2, and `<!here>` in code. [1]"
    for times, letter in enumerate(text):
        await reply.write(letter)
        if times % 7 == 0:
            await asyncio.sleep(0.01)
    await reply.finish(replace(ANSWER, text=text))
    [post] = slack.posts
    shown = "".join(post.shown) + post.text
    assert not any(call in shown for call in ("<!channel", "<@U0BEAT"))
