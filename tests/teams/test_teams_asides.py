"""What is said beside an answer: that a question waits, that a command was obeyed, that a changed one may be asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

import pytest

from adapters.teams import TeamsAdapter
from adapters.teams_activity import Address, address_of
from adapters.teams_options import TeamsOptions
from bot.errors import IndexDown, NotAllowed
from bot.events import Again, AskPerson, Case, Command, Edited, Feedback, Person, Receipt, Turn
from tests.teams import standin
from tests.teams.conftest import ANSWER, FixedDispatcher, Teams, payload, until
from tests.teams.standin import refusal

CHANNEL = "19:efa9296d959346209fea44151c742e73@thread.tacv2"
CASE = Case("How many days has <PERSON_1>?", "25 days.", ("hr/holidays.md",))
PERSON = {"hausgeist": "person", "answer": "1575667808184"}


async def test_a_command_is_acknowledged_and_what_came_of_it_said(teams: Teams) -> None:
    teams.dispatcher.receipt = Receipt(note="I forgot <b>what we said.")
    response = await teams.post(payload("channel_reset"))
    assert (response.status_code, response.content) == (200, b"")
    await until(lambda: teams.connector.texts == ["I forgot &lt;b>what we said."])
    (command,) = teams.dispatcher.accepted
    assert isinstance(command, Command)
    assert teams.connector.messages[0].conversation.endswith(";messageid=1611060744833")


async def test_a_changed_question_is_answered_if_the_person_wants_it(teams: Teams) -> None:
    teams.dispatcher.receipt = Receipt(offer="kept-7")
    await teams.post(payload("message_edited"))
    await until(lambda: teams.connector.messages)
    (offer,) = teams.connector.messages
    assert offer.text == offer.activity["summary"] == "You changed your question."
    (card,) = offer.activity["attachments"]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    (button,) = card["content"]["actions"]
    assert button["title"] == "Answer the new version"

    await teams.post(payload("card_again", value=button["data"]))
    edited, again = teams.dispatcher.accepted
    assert isinstance(edited, Edited)
    assert isinstance(again, Again)
    assert again.kept == "kept-7"


async def test_the_offer_speaks_the_language_of_the_question(teams: Teams) -> None:
    teams.dispatcher.receipt = Receipt(offer="kept-7")
    await teams.post(payload("message_edited", text="Wie viele Ferientage habe ich im ersten Jahr?"))
    await until(lambda: teams.connector.messages)
    assert teams.connector.texts == ["Sie haben Ihre Frage geändert."]


async def test_where_there_is_nothing_to_say_nothing_is_said(teams: Teams) -> None:
    for name in ("personal_message", "message_deleted", "card_stop", "card_again", "feedback_like"):
        assert (await teams.post(payload(name))).status_code == 200
    await teams.dispatcher.answer_all()
    assert {message.text for message in teams.connector.messages if not message.labelled} <= {""}


async def test_an_aside_that_teams_does_not_take_is_let_go(teams: Teams) -> None:
    teams.connector.refusals.append(refusal(429, Retry_After="900"))
    teams.dispatcher.receipt = Receipt(note="2 before you")
    assert (await teams.post(payload("personal_message"))).status_code == 200
    await until(lambda: teams.connector.calls)
    assert not teams.connector.sent


@pytest.mark.parametrize("times", [1, 2])
async def test_what_is_being_said_is_said_before_the_end(microsoft: standin.Microsoft, times: int) -> None:
    dispatcher = FixedDispatcher()
    dispatcher.receipt = Receipt(note="2 before you")
    adapter = TeamsAdapter(dispatcher, app_id=standin.APP_ID, app_password=standin.PASSWORD, tenant_id=standin.TENANT)
    teams = Teams(adapter, dispatcher, microsoft)
    await teams.post(payload("personal_message"))
    for _ in range(times):
        await adapter.stop()
    assert teams.connector.texts == ["2 before you"]


@asynccontextmanager
async def with_helpdesk(microsoft: standin.Microsoft, place: str) -> AsyncIterator[Teams]:
    """A bot that hands what people want a person for to a place."""
    dispatcher = FixedDispatcher()
    adapter = TeamsAdapter(
        dispatcher,
        app_id=standin.APP_ID,
        app_password=standin.PASSWORD,
        tenant_id=standin.TENANT,
        options=TeamsOptions(helpdesk=("slack:C0HELP", place)),
    )
    teams = Teams(adapter, dispatcher, microsoft)
    teams.dispatcher.receipt = Receipt(case=CASE)
    try:
        yield teams
    finally:
        await adapter.stop()
        await teams.client.aclose()


def pressed(name: str, data: dict[str, str]) -> dict[str, object]:
    """A press of a button of ours where a recorded message was written."""
    there = {key: payload(name)[key] for key in ("conversation", "channelData")}
    action = {"type": "Action.Execute", "verb": data["hausgeist"], "data": data}
    return payload("card_execute", value={"action": action}, locale="en-GB", **there)


async def test_who_wants_a_person_has_question_and_answer_handed_to_the_helpdesk(microsoft: standin.Microsoft) -> None:
    async with with_helpdesk(microsoft, "teams:19:help@thread.tacv2") as teams:
        said = (await teams.post(pressed("channel_mention", PERSON))).json()
        assert said["value"] == "I have handed it to a person: the helpdesk."
        (handed,) = teams.connector.messages
        assert (handed.conversation, handed.reply_to) == ("19:help@thread.tacv2", "")
        assert handed.text.startswith(
            "**Anna Keller** would like a person to look at this ([↗](https://teams.microsoft"
        )
        assert f"{CHANNEL.replace(':', '%3A').replace('@', '%40')}/1575667808184?" in handed.text
        assert "parentMessageId=1611060744833" in handed.text
        for line in ("> How many days has &lt;PERSON_1>?", "> 25 days.", "hr/holidays.md"):
            assert line in handed.text.splitlines()
        (event,) = teams.dispatcher.accepted
        assert isinstance(event, AskPerson)


async def test_what_was_asked_in_a_chat_is_handed_on_without_a_link(microsoft: standin.Microsoft) -> None:
    async with with_helpdesk(microsoft, "teams:19:help@thread.tacv2") as teams:
        await teams.post(pressed("personal_message", PERSON))
        assert "](http" not in teams.connector.texts[0]


@pytest.mark.parametrize("who", ["29:beat", "b130c271-d2eb-45f9-83ab-9eb3fe3788bc"])
async def test_a_person_may_be_the_helpdesk(microsoft: standin.Microsoft, who: str) -> None:
    microsoft.connector.chats[who] = "a:beat"
    async with with_helpdesk(microsoft, f"teams:{who}") as teams:
        said = (await teams.post(pressed("channel_mention", PERSON))).json()
        assert said["value"].startswith("I have handed it to a person")
        (handed,) = teams.connector.messages
        assert handed.conversation == "a:beat"


async def test_a_helpdesk_on_another_platform_is_none(microsoft: standin.Microsoft) -> None:
    async with with_helpdesk(microsoft, "slack:C0MORE") as teams:
        said = (await teams.post(pressed("channel_mention", PERSON))).json()
        assert said["value"].startswith("Nobody is named for that here.")
        assert not teams.connector.sent


async def test_a_helpdesk_that_is_not_reached_is_said_not_to_be(microsoft: standin.Microsoft) -> None:
    async with with_helpdesk(microsoft, "teams:19:help@thread.tacv2") as teams:
        teams.connector.refusals.extend([refusal(404), refusal(403, "BotNotInConversationRoster")])
        said = (await teams.post(pressed("channel_mention", PERSON))).json()
        assert said["value"] == "That did not work at the moment. Please try again."
        teams.connector.refusals.clear()
        for line in ("I have handed it to a person: the helpdesk.", "I have handed that on before."):
            said = (await teams.post(pressed("channel_mention", PERSON))).json()
            assert said["value"] == line
        assert len(teams.connector.messages) == 1


async def test_from_an_old_client_it_is_said_in_the_conversation(microsoft: standin.Microsoft) -> None:
    async with with_helpdesk(microsoft, "teams:19:help@thread.tacv2") as teams:
        assert (await teams.post(payload("card_again", value=PERSON))).content == b""
        await until(lambda: len(teams.connector.texts) == 2)
        assert teams.connector.texts[1] == "I have handed it to a person: the helpdesk."
        assert teams.connector.messages[1].reply_to == "1485983408516"


async def test_help_is_said_once_however_often_it_is_delivered(teams: Teams) -> None:
    for _ in range(3):
        assert (await teams.post(payload("personal_message", text="help", locale="en-GB"))).status_code == 200
    await until(lambda: teams.connector.texts)
    await teams.post(payload("personal_message", id="2", text="resett", locale="en-GB"))
    await until(lambda: len(teams.connector.texts) == 2)
    assert "Did you mean `reset`?" in teams.connector.texts[1]
    assert not teams.dispatcher.accepted


async def test_without_redis_a_call_for_help_is_left_to_teams(teams: Teams) -> None:
    teams.dispatcher.down = True
    assert (await teams.post(payload("personal_message", text="help"))).status_code == 503


async def test_reactions_that_go_at_once_are_all_taken(teams: Teams) -> None:
    gone = [{"type": "like"}, {"type": "sad"}]
    await teams.post(payload("reaction_like_removed", reactionsRemoved=gone))
    assert [isinstance(event, Feedback) and event.removed for event in teams.dispatcher.accepted] == [True, True]


def sharing(conversation: str) -> Turn:
    """The turn that shows an answer of Anna's to all in a channel or thread."""
    there = replace(address_of(payload("channel_mention")), conversation=conversation, activity="")
    where = {**asdict(there), "by": "Anna Keller", "chat": "a:anna"}
    place = f"teams:{CHANNEL}"
    return Turn("e", "m", "teams", place, Person("teams:t:anna"), "", reply_to=where, place=place, shares="k")


async def test_a_shared_answer_stands_in_the_channel_and_its_thread_is_ours(teams: Teams) -> None:
    reply = teams.dispatcher.reply_to(sharing(CHANNEL))
    for show in (reply.waiting, reply.status, reply.write):
        await show("…")
    assert not teams.connector.sent
    shown = await reply.finish(ANSWER)
    (answer, *_) = teams.connector.messages
    assert (answer.conversation, answer.reply_to) == (CHANNEL, "")
    assert shown.startswith(f"teams:{CHANNEL}:")
    assert teams.dispatcher.owned == [f"teams:{CHANNEL};messageid={answer.id}"]


async def test_an_answer_that_is_shared_in_a_thread_leaves_it_to_those_who_talk_there(teams: Teams) -> None:
    await teams.dispatcher.reply_to(sharing(f"{CHANNEL};messageid=1611060744833")).finish(ANSWER)
    assert teams.connector.messages[0].conversation.endswith(";messageid=1611060744833")
    assert teams.dispatcher.owned == []


async def test_what_cannot_be_shared_is_said_to_one_person_alone(teams: Teams) -> None:
    reply = teams.dispatcher.reply_to(sharing(CHANNEL))
    teams.connector.refusals.append(refusal(403, "BotNotInConversationRoster"))
    assert await reply.finish(ANSWER) == ""
    (told,) = teams.connector.messages
    assert (told.conversation, told.text.startswith("I am not in this channel")) == ("a:anna", True)
    await reply.fail(NotAllowed("I cannot show this to everybody here: Board is not open to all."), "t")
    await reply.fail(IndexDown("I cannot search."), "t")
    assert {message.conversation for message in teams.connector.messages} == {"a:anna"}


async def test_an_address_survives_being_kept_with_other_things() -> None:
    kept = {**asdict(address_of(payload("channel_mention"))), "replaces": "1 2", "chat": "a:1"}
    assert Address.of(kept) == address_of(payload("channel_mention"))
