"""What comes to /api/messages and is no activity, or lacks what one has: told so, never a failure of ours."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.types import Message

from adapters import body as bodies
from bot.events import Command, Turn
from tests.teams.conftest import Teams, payload, until
from tests.teams.standin import refusal


@pytest.mark.parametrize(
    "body",
    [
        "", " ", "[]", "[1]", '"text"', "7", "null", "true", "{", '{"type"', "{'type': 'message'}", "\ufeff{}", "NaN",
        '{"type": NaN}', '{"text": "\\ud800"}', '{"id": Infinity}', "[" * 100_000, '{"a":' * 100_000, "é", "\0",
        '{"type": "message"}x',
    ],
)  # fmt: skip
async def test_what_is_no_object_is_malformed(teams: Teams, body: str) -> None:
    response = await teams.post(body)
    assert response.status_code in (400, 401), response.status_code
    assert not teams.dispatcher.accepted


async def test_bytes_that_are_no_text_are_malformed(teams: Teams) -> None:
    headers = {"authorization": f"Bearer {teams.sign_in.token()}", "content-type": "application/json; charset=utf-16"}
    for body in (b"\xff\xfe{\x00}\x00", b"\xc3\x28", b"\x1f\x8b\x08", bytes(range(256))):
        assert (await teams.client.post("/api/messages", content=body, headers=headers)).status_code == 400


async def test_what_is_nested_deeply_is_read_or_refused(teams: Teams) -> None:
    for depth in (50, 500, 5_000):
        deep = '{"a":' * depth + "1" + "}" * depth
        text = payload("card_execute", value={"action": {"data": deep}})
        assert (await teams.post(text)).status_code == 200
    nested: Any = "x"
    for _ in range(200):
        nested = {"action": {"data": nested}}
    assert (await teams.post(payload("card_execute", value=nested))).status_code == 200


async def test_what_is_longer_than_a_megabyte_is_malformed(teams: Teams) -> None:
    response = await teams.post(payload("personal_message", text="x" * (1 << 20)))
    assert (response.status_code, response.text) == (400, "Malformed activity: longer than 1 MB")
    assert (await teams.post(payload("personal_message", text="x " * 100_000))).status_code == 200


async def test_what_trickles_in_or_breaks_off_is_not_waited_for(teams: Teams, monkeypatch: pytest.MonkeyPatch) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async def gone() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        answers.append(message)

    monkeypatch.setattr(bodies, "SECONDS", 0.05)
    headers = {"authorization": "Bearer x", "content-type": "application/json"}
    response = await teams.client.post("/api/messages", content=trickle(), headers=headers)
    assert (response.status_code, response.text) == (400, "Malformed activity: not all of it came")
    answers: list[Message] = []
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/api/messages", "headers": raw, "query_string": b""}
    transport = teams.client._transport
    assert isinstance(transport, httpx.ASGITransport)
    await transport.app(scope, gone, send)
    assert answers[0]["status"] == 400


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonp"])
async def test_another_content_type_is_malformed(teams: Teams, kind: str) -> None:
    response = await teams.post(payload("personal_message"), **{"content-type": kind})
    assert response.status_code == 400


NEEDED = {
    "personal_message": ("id", "from", "conversation", "recipient"),
    "channel_reset": ("id", "from", "conversation", "recipient"),
    "message_edited": ("id", "from", "conversation", "recipient"),
    "message_deleted": ("id", "conversation"),
    "reaction_like_added": ("id", "from", "conversation"),
    "card_stop": ("id", "from", "conversation", "recipient"),
}


@pytest.mark.parametrize(("name", "missing"), [(name, key) for name, keys in NEEDED.items() for key in keys])
async def test_an_activity_without_an_id_that_it_needs_is_malformed(teams: Teams, name: str, missing: str) -> None:
    odd: tuple[Any, ...] = (None, {}, [], 7, "", {"id": None}, {"id": 7}, {"id": ""}, {"id": "é"}, {"id": "x" * 2_000})
    for nothing in odd:
        changed = {**payload(name), missing: nothing if missing != "id" else 7}
        if missing == "conversation":
            changed["channelData"] = {**changed["channelData"], "tenant": payload(name)["channelData"]["tenant"]}
        assert (await teams.post(changed)).status_code == 400
    assert not teams.dispatcher.accepted


@pytest.mark.parametrize("text", [None, 7, [], {}, "", " \n", "<at></at>", "&nbsp;"])
async def test_a_message_without_words_is_nothing(teams: Teams, text: object) -> None:
    assert (await teams.post(payload("personal_message", text=text, attachments=[]))).status_code == 200
    assert not teams.dispatcher.accepted


@pytest.mark.parametrize("kind", ["conversationUpdate", "installationUpdate", "typing", "event", "trace", "x", "é"])
async def test_what_concerns_us_not_is_acknowledged(teams: Teams, kind: str) -> None:
    for activity in (payload("member_added", type=kind), payload("installed", type=kind, **{"from": None, "id": 7})):
        response = await teams.post(activity)
        assert (response.status_code, response.content) == (200, b"")
    assert not teams.dispatcher.accepted
    assert not teams.connector.sent


async def test_a_reaction_to_what_we_never_sent_is_acknowledged(teams: Teams) -> None:
    for judged in ("1", "x" * 500, "é", 7, None, ""):
        assert (await teams.post(payload("reaction_like_added", replyToId=judged))).status_code == 200
    await teams.dispatcher.answer_all()
    assert not teams.connector.sent


async def test_what_is_delivered_again_says_the_same(teams: Teams) -> None:
    for _ in range(3):
        assert (await teams.post(payload("channel_mention"))).status_code == 200
    turns = [event for event in teams.dispatcher.accepted if isinstance(event, Turn)]
    assert len({(turn.event_id, turn.message_id, turn.conversation) for turn in turns}) == 1


async def test_nobody_unproven_learns_what_is_wrong_with_an_activity(teams: Teams) -> None:
    forged = teams.sign_in.token(aud="another")
    for activity in (payload("personal_message", id=None), payload("personal_message", type=None), {"type": 7}):
        response = await teams.post(activity, forged)
        assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize("seconds", [600.0, 0.0])
async def test_a_company_that_does_not_let_us_stream_is_spared_for_a_while(
    teams: Teams, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    monkeypatch.setattr("adapters.teams.UNSTREAMED_SECONDS", seconds)
    teams.connector.refusals.append(refusal(405, "NotEnabled"))
    await teams.post(payload("personal_message"))
    for _ in range(2):
        shown = len(teams.connector.messages)
        reply = teams.dispatcher.reply_to(teams.dispatcher.turn)
        await reply.status("Searching")
        await until(partial(_more, teams, shown))
        await reply.finish(teams.dispatcher.answer)
    assert any(call.stream for call in teams.connector.sent) is (seconds == 0)


def _more(teams: Teams, than: int) -> bool:
    return len(teams.connector.messages) > than


async def test_who_stops_a_growing_answer_stops_it_for_good(teams: Teams) -> None:
    await teams.post(payload("personal_message"))
    turn = teams.dispatcher.turn
    reply = teams.dispatcher.reply_to(turn)
    await reply.status("Searching")
    await until(lambda: teams.connector.messages)
    teams.connector.streams.stop(teams.connector.messages[0].id)
    await reply.write("You have 25 days of holiday a year. ")
    await until(lambda: len(teams.dispatcher.accepted) == 2)
    stop = teams.dispatcher.accepted[1]
    assert isinstance(stop, Command)
    assert (stop.verb, stop.person, stop.place) == ("stop", turn.person, turn.conversation)
    await reply.finish(teams.dispatcher.answer)
