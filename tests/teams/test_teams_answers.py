"""A question asked in Teams is answered there: at once acknowledged, then sent to where it was asked."""

import asyncio
import json
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from adapters.teams import TeamsAdapter
from adapters.teams_cards import Manner
from bot.answers import Answer, Source
from bot.errors import OverQuota, Stopped, Undelivered
from bot.events import Feedback, Turn
from bot.ticket import FreeTicket
from tests.teams import standin
from tests.teams.conftest import ANSWER, FixedDispatcher, Teams, payload, until
from tests.teams.desk import LONG, Desk
from tests.teams.sealing import named
from tests.teams.standin import refusal, serving


async def test_a_question_is_acknowledged_and_then_answered_where_it_was_asked(teams: Teams) -> None:
    response = await teams.post(payload("personal_message"))
    assert (response.status_code, response.content, teams.connector.sent) == (200, b"", [])

    await teams.dispatcher.answer_all()

    posted, edited, *buttons = teams.connector.sent
    assert [call.method for call in buttons] == ["POST", "PUT"]
    asked = payload("personal_message")
    assert (posted.method, posted.reply_to, posted.activity["text"]) == ("POST", asked["id"], "…")
    assert (edited.method, edited.id) == ("PUT", posted.id)
    for call in (posted, edited):
        assert (call.conversation, call.service_url + "/") == (asked["conversation"]["id"], standin.SERVICE_URL)
        assert call.authorization == f"Bearer {standin.TOKEN}"
        assert call.activity["from"]["id"] == asked["recipient"]["id"]
        assert call.activity["replyToId"] == asked["id"]
    assert "25 days" in teams.connector.texts[0]


async def test_an_answer_carries_citations_the_ai_label_and_thumbs(teams: Teams) -> None:
    await teams.post(payload("personal_message"))
    await teams.dispatcher.answer_all()
    sent, _ = teams.connector.messages
    assert sent.activity["textFormat"] == "markdown"
    assert sent.activity["channelData"] == {"feedbackLoop": {"type": "custom"}}
    assert sent.activity["text"] == (
        "You have **25 days** [1], agreed with your lead [2].\n\n"
        "_Hidden from the model: e-mail address, name._\n\n"
        "**Sources**\n\n"
        "- **1** [Holidays](https://wiki.example/hr%281%29), HR, 2026-01-01\n"
        "- **2** Leads"
    )
    (label,) = sent.activity["entities"]
    assert label["additionalType"] == ["AIGeneratedContent"]
    assert [(claim["position"], claim["appearance"]) for claim in label["citation"]] == [
        (
            1,
            {
                "@type": "DigitalDocument",
                "name": "Holidays",
                "url": "https://wiki.example/hr%281%29",
                "abstract": "Everyone has 25 days a year.",
                "keywords": ["HR", "2026-01-01"],
            },
        ),
        (2, {"@type": "DigitalDocument", "name": "Leads", "abstract": "Your lead agrees."}),
    ]


async def test_an_answer_in_a_channel_lands_in_its_thread(teams: Teams) -> None:
    await teams.post(payload("channel_mention"))
    await teams.dispatcher.answer_all()
    assert teams.connector.sent[0].conversation.endswith("@thread.tacv2;messageid=1611060744833")
    assert not teams.dispatcher.turn.private


async def test_a_thumb_names_the_answer_as_finish_did(teams: Teams) -> None:
    await teams.post(payload("channel_mention"))
    await teams.dispatcher.answer_all()
    like = payload("reaction_like_added", replyToId="answer-1")
    assert (await teams.post(like)).status_code == 200
    feedback = teams.dispatcher.accepted[-1]
    assert isinstance(feedback, Feedback)
    assert [feedback.message_id] == teams.dispatcher.names


async def test_any_process_can_reply_with_the_plain_strings_of_the_turn(teams: Teams) -> None:
    await teams.post(payload("personal_message"))
    turn = teams.dispatcher.turn
    assert all(isinstance(value, str) for value in turn.reply_to.values())
    await teams.dispatcher.reply_to(replace(turn, reply_to=dict(turn.reply_to))).finish(teams.dispatcher.answer)
    assert len(teams.connector.texts) == 1


async def test_redelivery_has_the_same_ids(teams: Teams) -> None:
    for _ in range(2):
        await teams.post(payload("personal_message"))
    first, second = teams.dispatcher.accepted
    assert first == second


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_question_whose_clock_is_off_is_taken_as_the_same_each_time(teams: Teams, hours: int) -> None:
    off = datetime.now(UTC) + timedelta(hours=hours)
    for _ in range(2):
        assert (await teams.post(payload("personal_message", timestamp=off.isoformat()))).status_code == 200
    first, second = teams.dispatcher.accepted
    assert isinstance(first, Turn)
    assert (first, first.sent_at) == (second, off.timestamp())


async def test_five_turns_ask_for_one_token(teams: Teams) -> None:
    for number in range(5):
        await teams.post(payload("personal_message", id=str(number)))
    turns = [event for event in teams.dispatcher.accepted if isinstance(event, Turn)]
    await asyncio.gather(*(teams.dispatcher.reply_to(turn).finish(teams.dispatcher.answer) for turn in turns))
    assert len(teams.connector.texts) == 5
    (asked,) = teams.sign_in.token_requests
    assert (asked["tenant"], asked["scope"]) == (standin.TENANT, "https://api.botframework.com/.default")
    assert teams.sign_in.metadata_requests == 1


async def test_a_french_answer_has_french_words_around_it(teams: Teams) -> None:
    teams.dispatcher.answer = replace(teams.dispatcher.answer, language="fr")
    await teams.post(payload("personal_message"))
    await teams.dispatcher.answer_all()
    text = teams.connector.messages[0].activity["text"]
    assert "_Caché au modèle : adresse e-mail, nom._\n\n**Sources**\n" in text


async def test_an_error_is_told_with_its_trace(teams: Teams) -> None:
    await teams.post(payload("personal_message"))
    await teams.dispatcher.reply_to(teams.dispatcher.turn).fail(OverQuota("Too much at once."), "trace-9")
    (told,) = teams.connector.messages
    assert told.activity["text"] == "Too much at once.\n\nIf you ask about it, quote `trace-9`."
    assert "attachments" not in told.activity


async def test_a_long_answer_arrives_whole_in_numbered_parts_below_100_kb(teams: Teams) -> None:
    paragraphs = [f"Paragraph {number}: " + "🏔 straße " * 40 for number in range(150)]
    text = "\n\n".join(paragraphs) + "\n\nx" + "y" * 40_000
    teams.dispatcher.answer = Answer(text=text, trace_id="t", refused=True)  # else it would be warned of: no source
    await teams.post(payload("personal_message"))
    await teams.dispatcher.answer_all()
    texts, total = teams.connector.texts, len(teams.connector.answers)
    assert total > 5
    assert [text.rpartition("\n\n")[2] for text in texts] == [f"({n}/{total})" for n in range(1, total + 1)]
    whole = "".join(text.rpartition("\n\n")[0] for text in texts)
    assert "".join(whole.split()) == "".join(teams.dispatcher.answer.text.split())
    assert all(len(json.dumps(call.activity).encode("utf-16-le")) < 100_000 for call in teams.connector.messages)
    judged = ["channelData" in call.activity for call in teams.connector.messages]
    assert judged == [False] * (total - 1) + [True, False]
    assert teams.dispatcher.names[0].endswith(f":answer-{total}")


async def test_citations_keep_to_microsofts_limits(teams: Teams) -> None:
    sources = tuple(Source(n, f"d{n}", "T" * 200, "e " * 200, f"https://x.example/{'p' * 500}") for n in range(1, 31))
    teams.dispatcher.answer = Answer("".join(f"[{source.number}]" for source in sources), "t", sources)
    await teams.post(payload("personal_message"))
    await teams.dispatcher.answer_all()
    citations = teams.connector.messages[0].activity["entities"][0]["citation"]
    assert len(citations) == 20
    assert {len(claim["appearance"]["name"]) for claim in citations} == {80}
    assert all(len(claim["appearance"]["abstract"]) <= 160 for claim in citations)
    assert teams.connector.messages[0].activity["text"].count("TTT") > 1000


async def test_no_mention_or_html_of_the_answer_reaches_teams_as_such(teams: Teams) -> None:
    title = "[click](https://evil.example) <at>Everyone</at>"
    teams.dispatcher.answer = Answer(
        "<at>Everyone</at> <img src=x> a < b <!-- --> </div>\n> quoted", "t", (Source(1, "d", title, "<b>x</b>"),)
    )
    await teams.post(payload("personal_message"))
    await teams.dispatcher.answer_all()
    text = teams.connector.messages[0].activity["text"]
    assert text.startswith("&lt;at>Everyone&lt;/at> &lt;img src=x> a < b &lt;!-- --> &lt;/div>\n> quoted")
    assert "<at" not in text
    assert r"\[click\](https" in text


async def test_nothing_secret_and_no_text_is_logged(teams: Teams, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = teams.sign_in.token()
    await teams.post(payload("personal_message"), token)
    await teams.dispatcher.answer_all()
    await teams.post(payload("personal_message"), teams.sign_in.token(aud="another"))
    teams.connector.refusals.append(refusal(403))
    with pytest.raises(Undelivered):
        await teams.dispatcher.answer_all()
    for secret in (token, standin.TOKEN, standin.PASSWORD, "holiday", "25 days", "Anna"):
        assert secret not in caplog.text


async def test_a_managed_identity_needs_no_password(
    microsoft: standin.Microsoft, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def identity(request: web.Request) -> web.Response:
        assert request.query["client_id"] == standin.APP_ID
        return web.json_response({"access_token": standin.TOKEN, "expires_on": int(time.time()) + 3600})

    dispatcher = FixedDispatcher()
    async with serving([web.get("/token", identity)]) as port:
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{port}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "x")
        adapter = TeamsAdapter(dispatcher, app_id=standin.APP_ID, tenant_id=standin.TENANT, app_type="UserAssignedMSI")
        teams = Teams(adapter, dispatcher, microsoft)
        await teams.post(payload("personal_message"))
        await dispatcher.answer_all()
        await adapter.stop()
    assert teams.connector.messages[0].authorization == f"Bearer {standin.TOKEN}"
    assert not teams.sign_in.token_requests


async def test_what_may_be_done_about_an_answer_stands_below_it(teams: Teams) -> None:
    await teams.post(payload("channel_mention"))
    await teams.dispatcher.answer_all()
    _, below = teams.connector.messages
    (card,) = below.cards
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.5")
    regenerate, *others = below.buttons
    assert (regenerate[0], named(regenerate[1])) == ("Regenerate", "answer-1 answer-2")
    assert others == [
        ("Wrong source", {"hausgeist": "source", "answer": "answer-1"}),
        ("Ask a person", {"hausgeist": "person", "answer": "answer-1"}),
    ]
    for action in card["actions"]:
        assert (action["type"], action["verb"]) == ("Action.Execute", action["data"]["hausgeist"])
        assert action["fallback"] == {"type": "Action.Submit", "title": action["title"], "data": action["data"]}


async def test_what_is_nobodys_to_ask_again_and_names_no_source_has_one_button(teams: Teams) -> None:
    teams.dispatcher.answer = Answer("Nothing is known of it.", "", refused=True, language="de")
    await teams.post(payload("channel_mention"))
    await teams.dispatcher.answer_all()
    assert [title for title, _ in teams.connector.messages[1].buttons] == ["Einen Menschen fragen"]


async def test_an_answer_is_classified_as_the_company_wishes_and_marks_what_is_stale(desk: Desk) -> None:
    stale = replace(ANSWER.sources[0], stale=True, page=4)
    reply = desk.worker(FreeTicket())
    reply.manner = Manner("Confidential", "19:c@thread.tacv2;messageid=7")
    await reply.finish(replace(ANSWER, sources=(stale,), notices=("report.pdf was not read.",)))
    answer, below = desk.connector.messages
    assert "_report.pdf was not read._" in answer.text
    assert answer.text.endswith("p. 4, HR, 2026-01-01, may be out of date")
    (label,) = answer.activity["entities"]
    assert label["usageInfo"] == {"@type": "CreativeWork", "name": "Confidential"}
    assert label["citation"][0]["appearance"]["keywords"] == ["p. 4", "HR", "2026-01-01", "may be out of date"]
    share = {
        "hausgeist": "share",
        "kept": "trace-1",
        "to": reply.manner.shares_with,
        "place": "teams:19:c@thread.tacv2",
    }
    assert below.buttons[-1] == ("Share with the channel", share)


async def test_a_new_answer_takes_the_place_of_the_old_one(desk: Desk) -> None:
    await desk.worker(FreeTicket()).finish(LONG)
    before = [message.id for message in desk.connector.messages]
    reply = desk.worker(FreeTicket(), replaced=before)
    await reply.status("Searching …")
    await reply.write("You")
    assert len(desk.connector.texts) == 3
    assert await reply.finish(ANSWER) == f"{desk.turn.conversation}:{before[0]}"
    assert [message.id for message in desk.connector.messages] == before[:2]
    assert [bool(message.buttons) for message in desk.connector.messages] == [False, True]


async def test_an_answer_that_was_to_be_replaced_stands_if_there_is_no_other(desk: Desk) -> None:
    await desk.worker(FreeTicket()).finish(ANSWER)
    before = [message.id for message in desk.connector.messages]
    await desk.worker(FreeTicket(), replaced=before).fail(Stopped("You stopped it."), "t")
    assert [message.id for message in desk.connector.messages] == [*before, "answer-3"]
    assert len(desk.connector.answers) == 1


async def test_a_failure_becomes_the_answer_to_the_question_asked_again(desk: Desk) -> None:
    await desk.worker(FreeTicket()).fail(OverQuota("Too much at once."), "t")
    reply = desk.worker(FreeTicket(), replaced=["answer-1"])
    reply.holds = False
    await reply.status("Searching …")
    await until(lambda: desk.connector.texts == ["Searching …"])
    await reply.fail(OverQuota("Still too much."), "t")
    assert desk.connector.texts == ["Still too much.\n\nIf you ask about it, quote `t`."]
    await desk.worker(FreeTicket(), replaced=["answer-1"]).finish(ANSWER)
    assert [message.id for message in desk.connector.messages] == ["answer-1", "answer-2"]


async def test_an_answer_whose_buttons_are_not_taken_stands(desk: Desk) -> None:
    ticket = FreeTicket()
    reply = desk.worker(ticket)
    await reply.status("Searching …")
    await until(lambda: ticket.posted)
    desk.connector.after = 1
    desk.connector.refusals.append(refusal(400))
    await reply.finish(ANSWER)
    assert len(desk.connector.answers) == len(desk.connector.messages) == 1
