"""One visible answer, whatever happens to the process that gives it, and to the line between Slack and us."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from adapters.slack import SlackAdapter
from adapters.slack_events import parse
from adapters.slack_reply import SlackReply
from adapters.slack_thread import SlackThread
from bot.answers import Answer
from bot.errors import StateDown, Stopped
from bot.events import Turn
from bot.ticket import FreeTicket, Superseded
from tests.slack.desk import ANSWER, calls, recorded
from tests.slack.standin import SlackStandIn, Trouble

ROOT = "1767603600.000100"
LONG = Answer("\n\n".join(f"Paragraph {number}: " + "Ferien. " * 100 for number in range(60)), "t1", ANSWER.sources)
LOST = Trouble(lost=True)


@dataclass
class Overtaken(FreeTicket):
    """A ticket whose turn another worker takes, and has `successor` do, between the posting and the recording."""

    successor: SlackReply | None = None

    async def record(self, message: str, part: int = 0) -> None:
        self.valid_until = 0
        if self.successor:
            await self.successor.finish(ANSWER)
        raise Superseded


@dataclass
class Forgetful(FreeTicket):
    """A ticket that can note nothing at first, because the store is away."""

    away: int = 1

    async def record(self, message: str, part: int = 0) -> None:
        self.away -= 1
        if self.away >= 0:
            raise StateDown("The store does not answer.")
        self.posted[part] = message


def opened(slack: SlackStandIn, ticket: FreeTicket) -> SlackReply:
    thread = SlackThread(calls(slack), "C0GENERAL", ROOT, ticket, 5)
    return SlackReply(thread, f"slack:T0HOUSE:C0GENERAL:{ROOT}", pause=0)


def taken_over(ticket: FreeTicket) -> FreeTicket:
    """What the next worker gets when this one dies."""
    return replace(ticket, again=True, posted=dict(ticket.posted))


async def test_a_recorded_message_is_edited(slack: SlackStandIn) -> None:
    ticket = FreeTicket(key="turn-1")
    first = opened(slack, ticket)
    await first.write("You have ")
    await slack.called("chat.postMessage")
    while not ticket.posted:
        await asyncio.sleep(0)
    await opened(slack, taken_over(ticket)).finish(ANSWER)
    [post] = slack.posts
    assert post.read.startswith(ANSWER.text)


async def test_an_unrecorded_message_is_found_and_finished(slack: SlackStandIn) -> None:
    slack.page = 3
    for turn in ("turn-0", "turn-1", "turn-2"):
        ticket = FreeTicket(key=turn)
        await opened(slack, ticket).finish(replace(ANSWER, text=f"Half an answer to {turn}"))
    again = FreeTicket(key="turn-1", again=True)
    await opened(slack, again).finish(ANSWER)
    assert [post.read[:8] for post in slack.posts] == ["Half an ", "You have", "Half an "]
    assert again.posted == {0: slack.posts[1].ts}


async def test_only_what_came_after_the_question_is_looked_through(slack: SlackStandIn) -> None:
    slack.page = 2
    for turn in range(6):
        await opened(slack, FreeTicket(key=f"turn-{turn}")).finish(ANSWER)
    key = f"slack:T0HOUSE:C0GENERAL:{float(slack.posts[-1].ts) + 0.5:.6f}"
    for _ in range(2):
        await opened(slack, FreeTicket(key=key, again=True)).finish(ANSWER)
    assert len(slack.posts) == 7
    assert {look["oldest"] for look in slack.looks} == {key.rpartition(":")[2]}
    assert len(slack.looks) == 4  # before and after each answer; the whole thread takes four each time


async def test_where_the_thread_may_not_be_read_the_answer_is_posted_and_the_log_says_once_what_is_missing(
    slack: SlackStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    refused = Trouble(
        body='{"ok": false, "error": "missing_scope", "needed": "groups:history", "provided": "chat:write"}'
    )
    slack.err("conversations.replies", refused, refused, Trouble(error="thread_not_found"))
    for turn in ("turn-1", "turn-2", "turn-3"):
        await opened(slack, FreeTicket(key=turn, again=True)).finish(ANSWER)
    assert len(slack.posts) == 3
    [warning] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert warning.getMessage() == "threads cannot be read: after a crash an answer may stand twice"
    assert warning.__dict__["reason"] == "missing_scope groups:history"


async def test_a_thread_that_cannot_be_read_now_is_read_later(slack: SlackStandIn) -> None:
    await opened(slack, FreeTicket(key="turn-1")).finish(ANSWER)
    slack.err("conversations.replies", Trouble(503), Trouble(429, "ratelimited", retry_after=0))
    await opened(slack, FreeTicket(key="turn-1", again=True)).finish(ANSWER)
    assert len(slack.posts) == 1


async def test_who_was_superseded_takes_the_message_back(slack: SlackStandIn) -> None:
    slack.err("chat.delete", Trouble(429, "ratelimited", retry_after=0))
    with pytest.raises(Superseded):
        await opened(slack, Overtaken(key="turn-1")).finish(ANSWER)
    assert slack.posts == []


async def test_who_was_superseded_leaves_the_message_that_another_made_theirs(slack: SlackStandIn) -> None:
    heir = FreeTicket(key="turn-1", again=True)
    late = Overtaken(key="turn-1", successor=opened(slack, heir))
    with pytest.raises(Superseded):
        await opened(slack, late).finish(replace(ANSWER, text="Too late"))
    assert [post.read.startswith(ANSWER.text) for post in slack.posts] == [True]


async def test_a_message_that_its_poster_took_back_is_posted_again(slack: SlackStandIn) -> None:
    await opened(slack, FreeTicket(key="turn-1")).finish(ANSWER)
    slack.err("chat.update", Trouble(error="message_not_found"))
    ticket = FreeTicket(key="turn-1", again=True)
    await opened(slack, ticket).finish(ANSWER)
    assert list(ticket.posted.values()) == [post.ts for post in slack.posts]


async def test_who_was_superseded_says_nothing_more(slack: SlackStandIn) -> None:
    ticket = FreeTicket(key="turn-1", posted={0: "1767603601.000200"}, valid_until=0)
    reply = opened(slack, ticket)
    await reply.waiting("3 before you")
    await reply.status("Searching …")
    await reply.write("You have ")
    for last_word in (reply.finish(ANSWER), reply.fail(Stopped("Stopped."), "t1")):
        with pytest.raises(Superseded):
            await last_word
    assert slack.calls == []


async def test_a_lost_response_does_not_post_twice(slack: SlackStandIn) -> None:
    slack.err("chat.postMessage", LOST)
    ticket = FreeTicket(key="turn-1")
    await opened(slack, ticket).finish(ANSWER)
    [post] = slack.posts
    assert ticket.posted == {0: post.ts}
    assert post.read.startswith(ANSWER.text)


async def test_a_lost_response_to_the_first_words_does_not_post_twice(slack: SlackStandIn) -> None:
    slack.err("chat.postMessage", LOST)
    reply = opened(slack, FreeTicket(key="turn-1"))
    await reply.write("You have ")
    await slack.called("chat.postMessage")
    await reply.write("**25 days**")
    await slack.called("chat.update")
    await reply.finish(ANSWER)
    assert [post.read.startswith(ANSWER.text) for post in slack.posts] == [True]


async def test_a_post_that_arrives_late_is_taken_back(slack: SlackStandIn) -> None:
    slack.err("chat.postMessage", LOST)
    slack.err("conversations.replies", Trouble(body='{"ok": true, "messages": []}'))  # it does not stand there yet
    await opened(slack, FreeTicket(key="turn-1")).finish(ANSWER)
    assert [post.read.startswith(ANSWER.text) for post in slack.posts] == [True]


async def test_a_message_that_could_not_be_noted_is_found_again(slack: SlackStandIn) -> None:
    reply = opened(slack, Forgetful(key="turn-1"))
    await reply.waiting("3 before you")
    await reply.finish(ANSWER)
    assert [post.read.startswith(ANSWER.text) for post in slack.posts] == [True]


async def test_who_is_stopped_in_the_midst_of_posting_posts_no_second_message(slack: SlackStandIn) -> None:
    slack.hold("chat.postMessage")
    reply = opened(slack, FreeTicket(key="turn-1"))
    finishing = asyncio.create_task(reply.finish(ANSWER))
    await slack.called("chat.postMessage")
    finishing.cancel()
    await asyncio.wait([finishing])
    await reply.fail(Stopped("Stopped."), "t1")
    assert [post.read.splitlines()[0] for post in slack.posts] == [":warning: Stopped."]


async def test_what_was_on_its_way_does_not_overtake_the_last_word(adapter: SlackAdapter, slack: SlackStandIn) -> None:
    ticket, turn = FreeTicket(key="turn-1"), parse(recorded("app_mention"))
    assert isinstance(turn, Turn)

    async def answering() -> None:
        reply = adapter.reply(turn, ticket)
        await reply.write("You have ")
        await slack.called("chat.postMessage")
        await reply.write("25 days")
        await asyncio.Event().wait()

    work = asyncio.create_task(answering())
    await slack.called("chat.postMessage")
    work.cancel()
    await asyncio.wait([work])
    await adapter.reply(turn, ticket).fail(Stopped("Stopped."), "t1")
    [post] = slack.posts
    assert [read.splitlines()[0] for read in post.shown] == ["You have …", ":warning: Stopped."]


async def test_a_second_copy_is_taken_back(slack: SlackStandIn) -> None:
    for _ in range(2):
        await opened(slack, FreeTicket(key="turn-1")).finish(replace(ANSWER, text="Half an answer"))
    await opened(slack, FreeTicket(key="turn-1", again=True)).finish(ANSWER)
    assert [post.read.startswith(ANSWER.text) for post in slack.posts] == [True]


@pytest.mark.parametrize("recorded", [0, 1, 2])
async def test_a_long_answer_is_taken_over_midway(slack: SlackStandIn, recorded: int) -> None:
    first = FreeTicket(key="turn-1")
    await opened(slack, first).finish(LONG)
    parts, half = len(slack.posts), len(slack.posts) // 2
    del slack.posts[half:]
    known = {part: ts for part, ts in first.posted.items() if part < recorded}
    await opened(slack, FreeTicket(key="turn-1", again=True, posted=known)).finish(LONG)
    assert parts == len(slack.posts) > 3
    read = "\n".join(post.read for post in slack.posts)
    assert all(read.count(f"Paragraph {number}:") == 1 for number in range(60))
    [thumbs] = [block for block in slack.posts[-1].blocks if block["type"] == "context_actions"]
    assert thumbs["elements"][0]["positive_button"]["value"] == f"up {slack.posts[0].ts}"


async def test_what_a_longer_attempt_left_behind_is_deleted(slack: SlackStandIn) -> None:
    ticket = FreeTicket(key="turn-1")
    await opened(slack, ticket).finish(LONG)
    slack.err("chat.delete", Trouble(503), Trouble(error="message_not_found"))
    await opened(slack, taken_over(ticket)).finish(ANSWER)
    assert [post.read.startswith(ANSWER.text) for post in slack.posts].count(True) == 1
    assert len(slack.posts) == 2  # the one that Slack said was gone
