"""A question asked in Teams is answered there: at once acknowledged, then sent to where it was asked."""

import asyncio
import logging
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from adapters.teams import TeamsAdapter
from bot.answers import Answer, Source
from bot.errors import OverQuota, Undelivered
from bot.events import Feedback, Turn
from tests.teams import standin
from tests.teams.conftest import FixedDispatcher, Teams, payload
from tests.teams.standin import refusal, serving


async def test_a_question_is_acknowledged_and_then_answered_where_it_was_asked(teams: Teams) -> None:
    response = await teams.post(payload("personal_message"))
    assert (response.status_code, response.content, teams.connector.sent) == (200, b"", [])

    await teams.dispatcher.answer_all()

    posted, edited = teams.connector.sent
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
    (sent,) = teams.connector.messages
    assert sent.activity["textFormat"] == "markdown"
    assert sent.activity["channelData"] == {"feedbackLoop": {"type": "default"}}
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
    assert len(teams.connector.messages) == 1


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
    assert len(teams.connector.messages) == 5
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
    texts = [call.activity["text"] for call in teams.connector.messages]
    total = len(texts)
    assert total > 5
    assert [text.partition("\n\n")[0] for text in texts] == [f"({n}/{total})" for n in range(1, total + 1)]
    assert "".join(text.partition("\n\n")[2] for text in texts) == teams.dispatcher.answer.text
    assert all(len(str(call.activity).encode("utf-16-le")) < 100_000 for call in teams.connector.messages)
    assert ["channelData" in call.activity for call in teams.connector.messages] == [False] * (total - 1) + [True]
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
