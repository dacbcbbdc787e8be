"""Slack over HTTP: signed payloads in, messages in the workspace out."""

from dataclasses import replace

import pytest

from adapters.slack_events import answer_id
from bot.answers import Answer
from bot.errors import ModelDown
from bot.events import Verdict
from tests.slack.desk import ANSWER, Desk, OneAnswer, recorded
from tests.slack.standin import SlackStandIn, Trouble


async def test_a_mention_is_answered_once_in_its_thread(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    assert await desk.event(recorded("app_mention")) == 200
    await dispatcher.idle()
    [post] = slack.posts
    assert (post.channel, post.thread) == ("C0GENERAL", "1767603600.000100")
    assert "**25 days** of annual leave" in post.read
    assert "[1] <https://house.example/d/leave|Annual leave> · People team · 2026-03-01" in post.read
    assert "[2] Carry-over &lt;of&gt; leave &amp; overtime · 2025-11-12" in post.read
    assert "Hidden from the model: name, e-mail address" in post.read


async def test_a_follow_up_stays_in_the_thread(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    await desk.event(recorded("app_mention"))
    await desk.event(recorded("app_mention_in_thread"))
    await dispatcher.idle()
    assert len(slack.thread("C0GENERAL", "1767603600.000100")) == 2
    assert len({turn.conversation for turn in dispatcher.turns}) == 1


async def test_a_direct_message_is_private(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    await desk.event(recorded("message_im"))
    await dispatcher.idle()
    assert dispatcher.turns[0].private
    assert len(slack.thread("D0ANNA", "1767603800.000100")) == 1


async def test_twins_and_repeated_deliveries_are_answered_once(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    again = {"X-Slack-Retry-Num": "1", "X-Slack-Retry-Reason": "http_timeout"}
    twin_as_mention = recorded("app_mention") | {"event_id": "Ev0OTHER"}
    for payload in (recorded("app_mention"), recorded("twin_of_app_mention"), twin_as_mention, recorded("app_mention")):
        assert await desk.event(payload, **again) == 200
    await dispatcher.idle()
    assert len(slack.posts) == 1


async def test_a_retry_that_is_the_first_delivery_is_answered(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    await desk.event(recorded("app_mention"), **{"X-Slack-Retry-Num": "3", "X-Slack-Retry-Reason": "http_error"})
    await dispatcher.idle()
    assert len(slack.posts) == 1


async def test_thumbs_name_the_answer_they_judge(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    for name in ("reaction_added", "reaction_removed"):
        reaction = recorded(name)
        reaction["event"]["item"]["ts"] = slack.posts[0].ts
        await desk.event(reaction)
    button = recorded("button_helpful")
    button["container"]["message_ts"] = slack.posts[0].ts
    assert await desk.button(button) == 200
    assert [given.message_id for given in dispatcher.feedback] == dispatcher.names * 3
    assert [given.removed for given in dispatcher.feedback] == [False, True, False]
    assert {given.verdict for given in dispatcher.feedback} == {Verdict.UP}


async def test_a_long_answer_arrives_whole(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    paragraphs = [f"Paragraph {number}: " + "Ferien gemäss Überzeitreglement. " * 20 for number in range(60)]
    dispatcher.answer = Answer("\n\n".join(paragraphs), "t1", ANSWER.sources)
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    thread = slack.thread("C0GENERAL", "1767603600.000100")
    assert len(thread) > 4
    everything = "\n\n".join(post.read for post in thread)
    assert all(paragraph.strip() in everything for paragraph in paragraphs)
    thumbs = [post.blocks[-1] for post in thread if post.blocks[-1]["type"] == "context_actions"]
    assert [one["elements"][0]["positive_button"]["value"] for one in thumbs] == [f"up {thread[0].ts}"]
    assert dispatcher.names == [answer_id("C0GENERAL", thread[0].ts)]


async def test_a_refusal_is_one_message(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    dispatcher.answer, dispatcher.pieces = Answer("The documents do not say.", "t1", refused=True), ()
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    [post] = slack.posts
    assert (post.read, post.edits) == ("The documents do not say.", 0)


async def test_a_failure_is_told_with_the_id_to_quote(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    dispatcher.error = ModelDown("The model does not answer at the moment. Please ask again in a few minutes.")
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    [post] = slack.posts
    assert "The model does not answer at the moment" in post.read
    assert f"quote `{ANSWER.trace_id}`" in post.read


async def test_an_answer_calls_nobody(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    dispatcher.answer = Answer("<!channel> <!here|x> <@U0BEAT> <!subteam^S1> use `<!-- note -->`, if 1<2", "t1")
    dispatcher.pieces = ("<!everyone> listen",)
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    [post] = slack.posts
    for call in ("<!channel", "<!here", "<@U0BEAT", "<!subteam", "<!everyone"):
        assert call not in post.text + "".join(post.shown)
    assert "`<!-- note -->`, if 1<2" in post.read


async def test_a_storm_of_refusals_is_sat_out(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    slower = Trouble(429, "ratelimited", retry_after=0)
    slack.err("assistant.threads.setStatus", slower)
    slack.err("chat.postMessage", *[slower] * 3, Trouble(503))
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    [post] = slack.posts
    assert "until the end of March [2]" in post.read


async def test_blocks_that_slack_refuses_become_text(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    dispatcher.pieces = ()
    slack.err("chat.postMessage", Trouble(error="invalid_blocks"))
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    [post] = slack.posts
    assert post.blocks == []
    assert "*25 days* of annual leave" in post.text
    assert "*Sources*" in post.text


async def test_a_german_answer_has_german_words_around_it(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.answer = replace(ANSWER, language="de")
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    [post] = slack.posts
    assert "*Quellen*" in post.read.splitlines()
    assert "Vor dem Modell verborgen: Name, E-Mail-Adresse" in post.read


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(body="[1, 2]"),
        Trouble(429, "ratelimited", retry_after="soon"),
        Trouble(502, body="<html>Bad gateway</html>", kind="text/html"),
        Trouble(body="<html>Sign in</html>", kind="text/html"),
        Trouble(body="<html>", kind="application/json"),
    ],
    ids=["a list", "no number", "bad gateway", "a proxy's page", "no JSON"],
)
async def test_a_failure_that_slack_answers_with_nonsense_is_logged_and_no_more(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn, caplog: pytest.LogCaptureFixture, trouble: Trouble
) -> None:
    dispatcher.error = ModelDown("The model does not answer.")
    for method in ("assistant.threads.setStatus", "chat.postMessage"):
        slack.err(method, *[trouble] * 9)
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    assert slack.posts == []
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    assert record.__dict__["trace_id"] == ANSWER.trace_id
