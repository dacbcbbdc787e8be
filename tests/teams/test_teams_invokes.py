"""What Teams is answered when somebody waits for it: presses, forms, searches; and what that does."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot import labels
from bot.answers import Source
from bot.events import REASONS, Again, AskPerson, Case, Command, Feedback, Receipt, Share, Verdict
from tests.teams.conftest import Teams, payload
from tests.teams.standin import refusal

CHANNEL = "19:efa9296d959346209fea44151c742e73@thread.tacv2"
CHAT = payload("personal_message")["conversation"]["id"]
ANSWER = f"teams:{CHAT}:1575667808184"
CASE = Case("How many days?", "25 days.", ("hr/holidays.md", "hr/leads.md"))
ME = payload("personal_message")["from"]["id"]
GERMAN: dict[str, Any] = {"locale": "de-CH"}
ENGLISH: dict[str, Any] = {"locale": "en-GB"}


async def answered(teams: Teams, activity: dict[str, Any]) -> dict[str, Any]:
    """What an invoke is answered."""
    response = await teams.post(activity)
    assert response.status_code == 200, response.text
    said: dict[str, Any] = response.json()
    return said


def pressing(verb: str, /, **data: Any) -> dict[str, Any]:
    """The press of a button of ours, in English."""
    action = {"type": "Action.Execute", "verb": verb, "data": {"hausgeist": verb, **data}}
    return payload("card_execute", value={"action": action}, **ENGLISH)


def inputs(card: Any) -> dict[str, Any]:
    """The fields of a card by their ids."""
    return {field["id"]: field for field in within(card) if str(field.get("type")).startswith("Input.")}


def within(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a card."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from within(inner)


async def test_a_press_that_asks_again_is_taken_and_answered_to_that_person_alone(teams: Teams) -> None:
    said = await answered(teams, payload("card_execute", **ENGLISH))
    assert said == {
        "statusCode": 200,
        "type": "application/vnd.microsoft.activity.message",
        "value": "Searching the documents …",
    }
    (again,) = teams.dispatcher.accepted
    assert isinstance(again, Again)
    assert again.reply_to["replaces"] == "1575667808180 1575667808184"
    assert not teams.connector.sent


async def test_a_press_that_comes_to_nothing_says_why(teams: Teams) -> None:
    teams.dispatcher.receipt = Receipt(note="I am not answering you here.")
    said = await answered(teams, pressing("stop", place=f"teams:{CHAT}"))
    assert said["value"] == "I am not answering you here."
    (stop,) = teams.dispatcher.accepted
    assert isinstance(stop, Command)


async def test_a_shared_answer_is_taken_where_its_place_is(teams: Teams) -> None:
    said = await answered(teams, pressing("share", kept="k", to=CHANNEL, place=f"teams:{CHANNEL}"))
    assert said["statusCode"] == 200
    (share,) = teams.dispatcher.accepted
    assert isinstance(share, Share)
    assert share.turn.reply_to["chat"] == CHAT


async def test_a_press_that_is_none_of_ours_is_answered_with_nothing(teams: Teams) -> None:
    foreign: tuple[Any, ...] = ({}, {"hausgeist": "dance"}, {"hausgeist": "again"}, {"kept": "x"}, [], "x", 7, None)
    for data in foreign:
        assert await answered(teams, payload("card_execute", value={"action": {"data": data}})) == {}
    odd: tuple[Any, ...] = (None, [], "x", 7, {"action": "again"}, {"action": {"verb": 7}})
    for value in odd:
        assert await answered(teams, payload("card_execute", value=value)) == {}
    assert not teams.dispatcher.accepted


async def test_who_names_a_wrong_source_is_asked_which_and_why(teams: Teams) -> None:
    teams.dispatcher.cases[ANSWER] = replace(CASE, sources=(*CASE.sources, "https://wiki.example/travel/"))
    said = await answered(teams, pressing("source", answer="1575667808184"))
    assert said["type"] == "application/vnd.microsoft.card.adaptive"
    card = said["value"]
    fields = inputs(card)
    *choices, wiki = fields["document"]["choices"]
    assert ([choice["value"] for choice in choices], wiki["title"]) == (list(CASE.sources), "travel")
    assert not teams.dispatcher.accepted

    (send,) = card["actions"]
    assert send["fallback"]["data"] == send["data"]
    filled = {**send["data"], "document": "hr/leads.md", "comment": "Leads do not approve."}
    said = await answered(teams, payload("card_execute", value={"action": {**send, "data": filled}}))
    assert said["value"]["body"][0]["text"] == "Danke, das habe ich notiert."
    (verdict,) = teams.dispatcher.accepted
    assert isinstance(verdict, Feedback)
    assert (verdict.message_id, verdict.verdict, verdict.reason) == (ANSWER, Verdict.DOWN, "wrong source")
    assert (verdict.document, verdict.comment) == ("hr/leads.md", "Leads do not approve.")


async def test_a_source_of_an_answer_that_is_gone_is_not_asked_for(teams: Teams) -> None:
    gone = "I do not have that answer any more."
    said = await answered(teams, pressing("source", answer="1575667808184"))
    assert said["value"] == gone
    said = await answered(teams, pressing("wrong", answer="1575667808184"))
    assert said["value"]["body"][0]["text"] == gone
    filled = {"data": {"hausgeist": "wrong", "answer": "1575667808184"}}
    said = await answered(teams, payload("card_execute", name="task/submit", value=filled, **ENGLISH))
    assert said["task"]["value"] == gone


async def test_a_dialog_may_take_the_place_of_the_card(teams: Teams) -> None:
    teams.dispatcher.cases[ANSWER] = CASE
    data = {"hausgeist": "source", "answer": "1575667808184"}
    said = await answered(teams, payload("card_execute", name="task/fetch", value={"data": data}))
    (send,) = said["task"]["value"]["card"]["content"]["actions"]
    filled = {"data": {**send["data"], "document": "hr/leads.md"}}
    said = await answered(teams, payload("card_execute", name="task/submit", value=filled, **ENGLISH))
    assert said["task"] == {"type": "message", "value": "Thank you, I have noted that."}
    (verdict,) = teams.dispatcher.accepted
    assert isinstance(verdict, Feedback)
    assert verdict.document == "hr/leads.md"
    for name in ("task/fetch", "task/submit"):
        assert await answered(teams, payload("card_execute", name=name, value={"data": {"x": 1}})) == {}


async def test_a_thumb_up_counts_and_is_thanked_for(teams: Teams) -> None:
    teams.dispatcher.receipt = Receipt(case=CASE)
    like = {"actionName": "feedback", "actionValue": {"reaction": "like"}}
    said = await answered(teams, payload("feedback_form", value=like, **ENGLISH))
    assert said["task"] == {"type": "message", "value": "Thank you, I have noted that."}
    (verdict,) = teams.dispatcher.accepted
    assert isinstance(verdict, Feedback)
    assert (verdict.message_id, verdict.verdict) == (ANSWER, Verdict.UP)


@pytest.mark.parametrize("known", ["at once", "before"])
async def test_a_thumb_down_counts_at_once_and_is_asked_why(teams: Teams, known: str) -> None:
    if known == "at once":
        teams.dispatcher.receipt = Receipt(case=CASE)
    else:
        teams.dispatcher.receipt, teams.dispatcher.cases[ANSWER] = Receipt(new=False), CASE
    said = await answered(teams, payload("feedback_form", **GERMAN))
    task = said["task"]
    assert (task["type"], task["value"]["title"]) == ("continue", labels.NOT_HELPFUL["de"])
    card = task["value"]["card"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert card["content"]["version"] == "1.5"
    fields = inputs(card["content"])
    assert [choice["value"] for choice in fields["reason"]["choices"]] == list(REASONS)
    assert fields["reason"]["label"] == "Was war falsch?"
    assert [choice["title"] for choice in fields["document"]["choices"]] == ["holidays.md", "leads.md"]
    assert fields["comment"]["isMultiline"]
    (verdict,) = teams.dispatcher.accepted
    assert isinstance(verdict, Feedback)
    assert (verdict.verdict, verdict.reason) == (Verdict.DOWN, "")


async def test_what_was_put_into_the_form_is_kept_and_answered_with_nothing(teams: Teams) -> None:
    assert await answered(teams, payload("feedback_of_form")) == {}
    (verdict,) = teams.dispatcher.accepted
    assert isinstance(verdict, Feedback)
    assert (verdict.reason, verdict.document, verdict.comment) == ("outdated", "hr/holidays.md", "It is 26 now.")


async def test_a_thumb_under_what_is_no_answer_is_told_so(teams: Teams) -> None:
    said = await answered(teams, payload("feedback_form", **ENGLISH))
    assert said["task"]["value"] == "I do not have that answer any more."
    for name in ("feedback_form", "feedback_like"):
        assert await answered(teams, payload(name, replyToId=None)) == {}
        assert await answered(teams, payload(name, value=[])) == {}


async def test_the_menu_of_a_message_opens_a_form_that_quotes_it(teams: Teams) -> None:
    said = await answered(teams, payload("extension_form", **ENGLISH))
    value = said["task"]["value"]
    assert value["title"] == "Ask a question"
    card = value["card"]["content"]
    runs = [run["text"] for run in within(card) if run.get("type") == "TextRun"]
    assert runs == ["Ben: the hotel in Oslo costs 200 < 250.", "Who 🤔 pays?"]
    (send,) = card["actions"]
    assert send["data"]["quoted"] == "\n".join(runs)
    assert inputs(card)["question"]["isRequired"]


async def test_elsewhere_the_form_quotes_nothing(teams: Teams) -> None:
    odd: tuple[Any, ...] = (None, {}, [], {"body": None}, {"body": {"content": 7}})
    for message in odd:
        said = await answered(teams, payload("extension_form", value={"commandId": "ask", "messagePayload": message}))
        card = said["task"]["value"]["card"]["content"]
        assert not [run for run in within(card) if run.get("type") == "TextRun"]


async def test_a_question_of_the_form_is_answered_in_the_chat_with_us(teams: Teams) -> None:
    teams.connector.chats[ME] = "a:anna"
    asked = payload("extension_ask", **ENGLISH)
    said = await answered(teams, asked)
    assert said["task"] == {"type": "message", "value": "The answer comes in our chat, where only you see it."}
    turn, (shown,) = teams.dispatcher.turn, teams.connector.messages
    quote = "> Ben: the hotel in Oslo costs 200 < 250.\n> Who pays?"
    assert shown.text == f"{quote}\n\nMay a hotel cost that much?"
    assert turn.text == "May a hotel cost that much?\n\n" + quote
    assert shown.conversation != asked["conversation"]["id"]
    where = turn.reply_to
    assert (turn.conversation, turn.private) == (f"teams:{shown.conversation}", True)
    assert (where["conversation"], where["activity"], where["kind"]) == (shown.conversation, shown.id, "personal")
    assert (turn.place, where["from"]) == (f"teams:{CHANNEL}", asked["conversation"]["id"])
    await teams.dispatcher.answer_all()
    assert {message.conversation for message in teams.connector.messages} == {shown.conversation}


async def test_a_question_of_the_form_in_our_own_chat_stays_there(teams: Teams) -> None:
    here = payload("personal_message")["conversation"]
    await answered(teams, payload("extension_ask", conversation=here))
    turn = teams.dispatcher.turn
    assert (turn.conversation, turn.place) == (f"teams:{CHAT}", "")
    assert "from" not in turn.reply_to


async def test_a_question_from_a_chat_with_a_colleague_is_answered_in_ours(teams: Teams) -> None:
    teams.connector.chats[ME] = "a:anna"
    there = {**payload("personal_message")["conversation"], "id": "19:anna_ben@unq.gbl.spaces"}
    await answered(teams, payload("extension_ask", conversation=there))
    turn = teams.dispatcher.turn
    assert (turn.place, "from" in turn.reply_to) == ("", False)
    assert turn.conversation != f"teams:{there['id']}"


async def test_who_cannot_be_written_to_is_told_what_to_do(teams: Teams) -> None:
    teams.connector.refusals.append(refusal(403, "BotNotInConversationRoster"))
    said = await answered(teams, payload("extension_ask", **ENGLISH))
    assert "please add me as an app" in said["task"]["value"]
    teams.connector.refusals.append(refusal(503))
    said = await answered(teams, payload("extension_ask", **ENGLISH))
    assert filled_in(said) == "May a hotel cost that much?"
    assert not teams.dispatcher.accepted


async def test_a_question_that_is_not_taken_stays_in_the_form_and_not_in_the_chat(teams: Teams) -> None:
    teams.connector.chats[ME] = "a:anna"
    teams.dispatcher.receipt = Receipt(note="Too many questions are waiting here.")
    said = await answered(teams, payload("extension_ask", **ENGLISH))
    assert filled_in(said) == "May a hotel cost that much?"
    assert "Too many questions are waiting here." in str(said)
    assert teams.connector.texts == []
    teams.dispatcher.down = True
    said = await answered(teams, payload("extension_ask", **ENGLISH))
    assert "Redis does not answer." in str(said)
    assert teams.connector.texts == []


async def test_a_form_without_a_question_comes_back(teams: Teams) -> None:
    empty: tuple[Any, ...] = ({}, {"question": " \n"}, {"question": 7}, [], None)
    for data in empty:
        said = await answered(teams, payload("extension_ask", value={"data": data}))
        assert said["task"]["type"] == "continue"
    assert await answered(teams, payload("extension_ask", value={"botMessagePreviewAction": "send"})) == {}
    assert not teams.connector.sent


async def test_a_search_lists_documents_as_cards_to_put_into_a_message(teams: Teams) -> None:
    teams.dispatcher.found = [
        Source(
            1, "hr/a.md", "Hotels <b>", "A hotel costs EUR 180 & more.", "https://wiki.example/a", "HR", "2026-01-01"
        ),
        Source(2, "hr/b.md", "", "", "/documents/hr/b.md"),
    ]
    said = (await answered(teams, payload("extension_find")))["composeExtension"]
    assert (said["type"], said["attachmentLayout"]) == ("result", "list")
    first, second = said["attachments"]
    assert first["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert [run["text"] for run in within(first["content"]) if run.get("type") == "TextRun"] == [
        "Hotels <b>",
        "HR, 2026-01-01",
        "A hotel costs EUR 180 & more.",
    ]
    assert first["content"]["actions"][0]["url"] == "https://wiki.example/a"
    assert first["preview"] == {
        "contentType": "application/vnd.microsoft.card.thumbnail",
        "content": {"title": "Hotels <b>", "subtitle": "HR, 2026-01-01", "text": "A hotel costs EUR 180 &amp; more."},
    }
    assert (second["preview"]["content"]["title"], second["content"]["actions"]) == ("hr/b.md", [])


async def test_a_search_without_words_says_what_to_type(teams: Teams) -> None:
    for parameters in (
        [{"name": "initialRun", "value": "true"}],
        [{"name": "words", "value": " "}],
        [],
        None,
        [7],
        "x",
    ):
        said = await answered(teams, payload("extension_find", value={"parameters": parameters}, **ENGLISH))
        assert said["composeExtension"]["text"].startswith("Type a few words")


async def test_a_search_that_finds_nothing_says_so_and_all_is_listed_once(teams: Teams) -> None:
    said = await answered(teams, payload("extension_find", **ENGLISH))
    assert said["composeExtension"] == {"type": "message", "text": "I found no document for that."}
    found = payload("extension_find")["value"]
    said = await answered(teams, payload("extension_find", value={**found, "queryOptions": {"skip": 25, "count": 25}}))
    assert said["composeExtension"]["attachments"] == []


@pytest.mark.parametrize(
    "name",
    ["composeExtension/selectItem", "composeExtension/queryLink", "fileConsent/invoke", "signin/verifyState", "", "é"],
)
async def test_what_we_do_not_know_is_answered_with_nothing(teams: Teams, name: str) -> None:
    assert await answered(teams, payload("extension_find", name=name)) == {}
    assert not teams.dispatcher.accepted


async def test_without_redis_who_waits_is_told_so(teams: Teams) -> None:
    teams.dispatcher.down = True
    names = ("card_execute", "feedback_form", "extension_find")
    press, form, search = [await answered(teams, payload(name, **ENGLISH)) for name in names]
    assert press["value"] == form["task"]["value"] == "Redis does not answer."
    assert (press["statusCode"], form["task"]["type"]) == (200, "message")
    assert search["composeExtension"]["text"] == "I cannot search the documents at the moment."


async def test_without_redis_a_verdict_is_left_to_teams(teams: Teams) -> None:
    teams.dispatcher.down = True
    assert (await teams.post(payload("feedback_like"))).status_code == 503


async def test_what_takes_too_long_is_answered_before_teams_gives_up(
    teams: Teams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.teams_invokes.SECONDS", 0.05)
    teams.dispatcher.hangs = asyncio.Event()
    said = await answered(teams, payload("card_execute", **ENGLISH))
    assert said["value"] == "That did not work at the moment. Please try again."
    assert (await teams.post(payload("feedback_like"))).status_code == 503


@pytest.mark.parametrize("name", ["card_execute", "feedback_form", "extension_ask", "extension_find", "feedback_like"])
async def test_an_invoke_that_nobody_proves_is_refused_without_a_word(teams: Teams, name: str) -> None:
    response = await teams.post(payload(name), teams.sign_in.token(aud="another"))
    assert (response.status_code, response.content) == (401, b"")
    assert not teams.dispatcher.accepted


@pytest.mark.parametrize("name", ["card_execute", "extension_ask", "extension_find", "feedback_like"])
@pytest.mark.parametrize("missing", ["id", "from", "conversation", "recipient"])
async def test_an_invoke_without_an_id_that_it_needs_is_malformed(teams: Teams, name: str, missing: str) -> None:
    assert (await teams.post(payload(name, **{missing: None}))).status_code == 400


async def test_a_person_who_is_asked_for_help_is_told_of_it_by_the_one_who_asks(teams: Teams) -> None:
    teams.dispatcher.receipt = Receipt(case=CASE)
    said = await answered(teams, pressing("person", answer="1575667808184"))
    assert said["value"].startswith("Nobody is named for that here.")
    (event,) = teams.dispatcher.accepted
    assert isinstance(event, AskPerson)
    teams.dispatcher.receipt = Receipt(note="I do not have that question any more.")
    said = await answered(teams, pressing("person", answer="1575667808184"))
    assert said["value"] == "I do not have that question any more."


def filled_in(said: dict[str, Any]) -> str:
    """The question that stands in a form that came back."""
    value: str = inputs(said["task"]["value"]["card"]["content"])["question"]["value"]
    return value


async def test_a_thumb_that_names_no_message_is_for_the_last_answer_of_our_chat(teams: Teams) -> None:
    unnamed = payload("feedback_form")
    del unnamed["replyToId"]
    chat = f"teams:{unnamed['conversation']['id']}"
    for kind, judged in (("personal", [ANSWER]), ("channel", [])):
        teams.dispatcher.newest = {chat: ANSWER}
        teams.dispatcher.accepted.clear()
        unnamed["conversation"] |= {"conversationType": kind}
        assert await answered(teams, {**unnamed, "name": "message/submitAction"}) == {}
        assert [event.message_id for event in teams.dispatcher.accepted if isinstance(event, Feedback)] == judged
    teams.dispatcher.newest = {}
    unnamed["conversation"] |= {"conversationType": "personal"}
    assert await answered(teams, {**unnamed, "name": "message/submitAction"}) == {}
    assert not teams.dispatcher.accepted
