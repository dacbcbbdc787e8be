"""What is said beside an answer: that a question waits, that a command was obeyed, that a changed one may be asked."""

import pytest

from adapters.teams import TeamsAdapter
from bot.events import Again, Command, Edited, Receipt
from tests.teams import standin
from tests.teams.conftest import FixedDispatcher, Teams, payload, until
from tests.teams.standin import refusal


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
    assert (button["type"], button["title"]) == ("Action.Submit", "Answer the new version")

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
    assert teams.connector.methods == ["POST", "PUT"]


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
