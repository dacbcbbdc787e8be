"""Slack over HTTP: signed payloads in, messages in the workspace out."""

from dataclasses import replace

from adapters.slack import SlackAdapter
from adapters.slack_payload import answer_id
from bot.answers import Answer
from bot.errors import ModelDown
from bot.events import Again, Command, Deleted, Edited, Receipt, Verdict
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
    thumbs = [block for post in thread for block in post.blocks if block["type"] == "context_actions"]
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


async def test_a_failure_speaks_the_questions_language(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    dispatcher.error = ModelDown("Das Sprachmodell antwortet im Moment nicht.")
    question = recorded("app_mention")
    question["event"]["text"] = "<@U0GEIST> Wie viele Ferientage habe ich im ersten Jahr?"
    await desk.event(question)
    await dispatcher.idle()
    [post] = slack.posts
    assert f"nennen Sie `{ANSWER.trace_id}`" in post.read
    assert post.blocks[-1]["elements"][0]["text"]["text"] == "Noch einmal fragen"


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


async def test_a_failed_question_is_asked_again(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    dispatcher.error = ModelDown("The model does not answer.")
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    press = recorded("button_again")
    press["actions"][0]["value"] = slack.posts[0].buttons["hausgeist_again"]
    assert await desk.button(press) == 200
    again = dispatcher.events[-1]
    assert isinstance(again, Again)
    assert again.kept == ANSWER.trace_id


async def test_a_growing_answer_is_stopped(
    adapter: SlackAdapter, desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.receipt = Receipt(note="I stop answering you here.")
    assert await desk.button(recorded("button_stop")) == 200
    assert isinstance(dispatcher.events[-1], Command)
    await adapter.stop()
    [whisper] = slack.whispers
    assert (whisper["user"], whisper["channel"], whisper["thread_ts"]) == ("U0ANNA", "C0GENERAL", "1767603600.000100")
    assert whisper["text"] == "I stop answering you here."


async def test_both_events_of_one_edit_offer_one_new_answer(
    adapter: SlackAdapter, desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    await desk.event(recorded("app_mention"))
    await dispatcher.idle()
    dispatcher.receipt = Receipt(offer="slack:T0HOUSE:C0GENERAL:1767603600.000100:1767603650.000000")
    for twin in ("message_changed_in_channel", "app_mention_edited"):
        assert await desk.event(recorded(twin)) == 200
    await adapter.stop()
    [whisper] = slack.whispers
    assert whisper["text"] == "You changed your question."
    [button] = whisper["blocks"][-1]["elements"]
    assert (button["action_id"], button["value"]) == ("hausgeist_again", dispatcher.receipt.offer)
    assert button["text"]["text"] == "Answer the new version"
    assert len(slack.posts) == 1
    assert [type(event) for event in dispatcher.events[1:]] == [Edited]


async def test_an_offer_speaks_the_questions_language(
    adapter: SlackAdapter, desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.receipt = Receipt(offer="v1")
    await desk.event(recorded("message_changed"))
    await adapter.stop()
    [whisper] = slack.whispers
    assert (whisper["channel"], whisper["text"]) == ("D0ANNA", "Sie haben Ihre Frage geändert.")
    assert "thread_ts" not in whisper  # where nobody has answered yet, Slack would show it to nobody


async def test_a_deleted_question_is_taken_even_after_its_answer(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    for name in ("message_deleted", "message_deleted_with_replies", "message_deleted_in_thread"):
        assert await desk.event(recorded(name)) == 200
    assert [type(event) for event in dispatcher.events] == [Deleted] * 3
    assert slack.calls == []


async def test_a_note_that_slack_does_not_take_costs_nothing(
    adapter: SlackAdapter, desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    slack.err("chat.postEphemeral", Trouble(error="user_not_in_channel"))
    dispatcher.receipt = Receipt(note="Too many questions are waiting here.")
    assert await desk.event(recorded("app_mention")) == 200
    await adapter.stop()
    assert slack.whispers == []


async def test_a_slash_command_is_answered_in_its_acknowledgement(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.receipt = Receipt(note="I stop answering you here.")
    assert await desk.slash("/hausgeist stop") == (200, "I stop answering you here.")
    [command] = dispatcher.events
    assert isinstance(command, Command)
    assert command.place == "slack:T0HOUSE:C0GENERAL:"
    assert "write `reset` in the thread" in (await desk.slash("/hausgeist reset"))[1]
    assert "Write me a direct message" in (await desk.slash("/hausgeist"))[1]
    assert len(dispatcher.events) == 1
    assert slack.whispers == []


async def test_a_slash_command_without_state_says_so(desk: Desk, dispatcher: OneAnswer) -> None:
    dispatcher.down = True
    assert await desk.slash("/hausgeist stop") == (200, "The store does not answer.")


async def test_another_slash_command_is_acknowledged(desk: Desk, dispatcher: OneAnswer) -> None:
    assert (await desk.slash("/lunch stop"))[0] == 200
    assert dispatcher.events == []


async def test_typed_commands_are_no_questions(
    adapter: SlackAdapter, desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.receipt = Receipt(note="I have forgotten this conversation.")
    reset = recorded("app_mention_in_thread")
    reset["event"]["text"] = "<@U0GEIST> Reset"
    assert await desk.event(reset) == 200
    await adapter.stop()
    assert (dispatcher.turns, slack.posts) == ([], [])
    assert slack.whispers[0]["thread_ts"] == "1767603600.000100"
