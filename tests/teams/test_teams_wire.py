"""What leaves for Teams, to the letter, at which pace, and what becomes of what it answers."""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Sequence
from email.utils import format_datetime

import pytest
from aiohttp import web

from adapters.teams_calls import Fate, NotTaken
from adapters.teams_message import Post
from adapters.teams_sdk import TeamsBot
from bot.pace import Limit
from tests.teams.standin import refusal
from tests.teams.wired import TENANT, Wired, wired

LABEL = {
    "type": "https://schema.org/Message",
    "@type": "Message",
    "@context": "https://schema.org",
    "@id": "",
    "additionalType": ["AIGeneratedContent"],
    "usageInfo": {"@type": "CreativeWork", "name": "Confidential"},
    "citation": [
        {
            "@type": "Claim",
            "position": 1,
            "appearance": {"@type": "DigitalDocument", "name": "Holidays", "abstract": "25 days", "keywords": ["hr"]},
        }
    ],
}
ANSWER = Post("You have **25 days** [1] ü\u2028", entities=(LABEL,), channel_data={"feedbackLoop": {"type": "custom"}})
THREAD = "19:general@thread.tacv2;messageid=1700"


@pytest.fixture
async def there() -> AsyncIterator[tuple[Wired, TeamsBot]]:
    async with wired() as both:
        yield both


def envelope(connector: Wired, kind: str) -> dict[str, object]:
    return {
        "type": kind,
        "channelId": "msteams",
        "serviceUrl": connector.url,
        "from": {"id": "28:bot"},
        "recipient": {"id": "29:anna"},
        "conversation": {"id": "a:1", "conversationType": "personal"},
    }


async def test_a_message_leaves_whole_as_a_reply(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    assert await bot.send(connector.address(), ANSWER) == "1:new"
    said = {"text": ANSWER.text, "textFormat": "markdown", "entities": [LABEL], "channelData": ANSWER.channel_data}
    body = {**envelope(connector, "message"), **said, "replyToId": "m1"}
    assert connector.calls == [("POST", "/emea/v3/conversations/a:1/activities/m1", body)]
    assert connector.headers[0]["Content-Type"].startswith("application/json")
    assert "Authorization" not in connector.headers[0]


async def test_in_a_channel_everything_stays_in_its_thread(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    channel = connector.address(conversation=THREAD, kind="channel", activity="1701")
    await bot.send(channel, Post("a"))
    await bot.update(channel, "1702", Post("b"))
    await bot.delete(channel, "1702")
    await bot.stream(channel, "c", "informative", 1)
    base = f"/emea/v3/conversations/{THREAD}/activities"
    assert [(method, path) for method, path, _ in connector.calls] == [
        ("POST", f"{base}/1701"),
        ("PUT", f"{base}/1702"),
        ("DELETE", f"{base}/1702"),
        ("POST", base),
    ]
    assert {body["conversation"]["id"] for _, _, body in connector.calls if body} == {THREAD}


async def test_a_stream_leaves_as_teams_wants_it_from_the_first_word_to_the_last(
    there: tuple[Wired, TeamsBot],
) -> None:
    connector, bot = there
    here = connector.address()
    connector.answers.extend([web.json_response({"id": "s1"}, status=201), web.json_response({}, status=202)])
    assert await bot.stream(here, "Searching …", "informative", 1) == "s1"
    assert await bot.stream(here, "You have", "streaming", 2, "s1") == "s1"
    connector.answers.append(web.json_response({"id": "final"}, status=201))
    assert await bot.end_stream(here, "s1", ANSWER) == "final"
    connector.answers.append(web.Response(status=202))
    assert await bot.end_stream(here, "s1", ANSWER) == "s1"
    (first, second, last, _), typing = connector.calls, envelope(connector, "typing")
    path = "/emea/v3/conversations/a:1/activities"
    assert {call[:2] for call in connector.calls} == {("POST", path)}
    info = {"type": "streaminfo", "streamType": "informative", "streamSequence": 1}
    assert first[2] == {**typing, "text": "Searching …", "textFormat": "markdown", "entities": [info]}
    info = {"type": "streaminfo", "streamType": "streaming", "streamSequence": 2, "streamId": "s1"}
    assert second[2] == {**typing, "text": "You have", "textFormat": "markdown", "entities": [info]}
    info = {"type": "streaminfo", "streamType": "final", "streamId": "s1"}
    said = {"text": ANSWER.text, "textFormat": "markdown", "entities": [LABEL, info]}
    assert last[2] == {**envelope(connector, "message"), **said, "channelData": ANSWER.channel_data}


@pytest.mark.parametrize(
    ("code", "told", "stopped"),
    [
        ("ContentStreamNotAllowed", "Content stream was canceled by user.", True),
        ("ContentStreamNotAllowed", "Content stream is not allowed on an already completed streamed message", False),
        ("ContentStreamNotAllowed", "Content stream finished due to exceeded streaming time.", False),
    ],
)
async def test_a_stream_that_is_over_says_by_whom(
    there: tuple[Wired, TeamsBot], code: str, told: str, stopped: bool
) -> None:
    connector, bot = there
    connector.answers.append(web.json_response({"error": {"code": code, "message": told}}, status=403))
    with pytest.raises(NotTaken) as refused:
        await bot.stream(connector.address(), "You have", "streaming", 2, "s1")
    assert (refused.value.fate, refused.value.stopped) == (Fate.ENDED, stopped)


async def test_a_conversation_with_one_person_is_opened(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    assert await bot.open(connector.address(conversation=THREAD, kind="channel")) == "1:new"
    ((method, path, body),) = connector.calls
    assert (method, path) == ("POST", "/emea/v3/conversations")
    assert body == {
        "bot": {"id": "28:bot"},
        "members": [{"id": "29:anna"}],
        "isGroup": False,
        "tenantId": TENANT,
        "channelData": {"tenant": {"id": TENANT}},
    }
    connector.answers.append(web.json_response({}))
    with pytest.raises(NotTaken, match="without an id"):
        await bot.open(connector.address())


async def test_a_member_comes_as_teams_says_it(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    told = {"id": "29:anna", "aadObjectId": "o", "tenantId": "t", "userRole": "guest", "userPrincipalName": "a@b"}
    connector.answers.append(web.json_response(told))
    assert await bot.member(connector.address(conversation=THREAD, kind="channel")) == told
    wanted = "/emea/v3/conversations/19:general@thread.tacv2/members/29:anna"
    assert connector.calls == [("GET", wanted, None)]


async def test_ids_cannot_leave_their_place_in_the_address(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    await bot.update(connector.address(conversation="a/../../b?x=#1"), "../1%2e", Post("a"))
    assert connector.headers[0]["Host"].startswith("127.0.0.1")
    assert connector.calls[0][1] == "/emea/v3/conversations/a/../../b?x=#1/activities/../1%2e"  # as it was quoted


@pytest.mark.parametrize(
    ("answer", "fate"),
    [
        (refusal(412), Fate.LATER),
        (refusal(429), Fate.LATER),
        (refusal(500), Fate.LATER),
        (refusal(502), Fate.LATER),
        (refusal(504), Fate.LATER),
        (refusal(501), Fate.REFUSED),
        (refusal(405), Fate.REFUSED),
        (refusal(413, "MessageSizeTooBig"), Fate.REFUSED),
        (refusal(400, "BadSyntax"), Fate.REFUSED),
        (refusal(401), Fate.REFUSED),
        (refusal(307, Location="https://evil.example/"), Fate.REFUSED),
        (refusal(404), Fate.GONE),
        (refusal(404, "ConversationNotFound"), Fate.UNREACHABLE),
        (refusal(403, "BotNotInConversationRoster"), Fate.UNREACHABLE),
        (web.json_response({"error": "forbidden"}, status=403), Fate.REFUSED),
        (web.json_response({"error": {"code": 7, "message": None}}, status=403), Fate.REFUSED),
        (web.Response(text="<html>", content_type="text/html", status=503), Fate.LATER),
        (web.Response(text="<html>", content_type="text/html"), Fate.LATER),
        (web.Response(text="x" * (2 << 20), status=201), Fate.LATER),
    ],
)
async def test_what_teams_answers_decides_what_becomes_of_a_message(
    there: tuple[Wired, TeamsBot], answer: web.Response, fate: Fate
) -> None:
    connector, bot = there
    connector.answers.append(_again(answer))
    with pytest.raises(NotTaken) as refused:
        await bot.send(connector.address(), Post("hello"))
    assert refused.value.fate is fate
    assert len(connector.calls) == 1


@pytest.mark.parametrize("said", ["[" * 100_000, "[1]", '{"id": [7]}', "{}", "", "OK"])
async def test_what_was_taken_without_an_id_is_not_said_again(there: tuple[Wired, TeamsBot], said: str) -> None:
    connector, bot = there
    connector.answers.append(web.Response(text=said, content_type="application/json", status=201))
    assert await bot.send(connector.address(), Post("hello")) == ""
    assert len(connector.calls) == 1


def _again(answer: web.Response) -> web.Response:
    """A response can be sent once, and a test may run twice."""
    return web.Response(body=answer.body, status=answer.status, headers=answer.headers)


async def test_an_edit_needs_no_answer_but_that_it_was_taken(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    answers = [web.Response(status=200), web.Response(status=202, text=" "), web.Response(text="OK")]
    connector.answers.extend([*answers, web.json_response(None), web.json_response([])])
    for _ in range(4):
        await bot.update(connector.address(), "1", Post("hello"))
    await bot.delete(connector.address(), "1")
    connector.answers.append(web.Response(text="<html>sign in</html>", content_type="text/html"))
    with pytest.raises(NotTaken):
        await bot.update(connector.address(), "1", Post("hello"))


async def test_an_id_may_be_a_number(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    connector.answers.append(web.json_response({"id": 7}, status=201))
    assert await bot.send(connector.address(), Post("hello")) == "7"


async def test_a_connector_that_is_away_or_hangs_up_is_asked_later(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    nowhere = connector.address()
    connector.url = "http://127.0.0.1:1/"
    for address in (connector.address(), nowhere):
        try:
            await bot.send(address, Post("hello"))
        except NotTaken as refused:
            assert refused.fate is Fate.LATER
    await bot.close()
    await bot.close()


class Metronome:
    """A pace that gives out what a test says, and notes what was wanted of it."""

    def __init__(self, *given: float | None) -> None:
        self.given = list(given)
        self.claimed: list[tuple[list[str], float]] = []
        self.held: list[tuple[str, float]] = []

    async def claim(self, limits: Sequence[Limit], within: float) -> float | None:
        self.claimed.append(([limit.name for limit in limits], within))
        return self.given.pop(0) if self.given else 0.0

    async def hold(self, limit: Limit, seconds: float) -> None:
        self.held.append((limit.name, seconds))


async def test_every_call_waits_for_its_turn_and_what_is_optional_goes_now_or_never() -> None:
    pace = Metronome(0.05, None, 0.0)
    async with wired(pace) as (connector, bot):
        channel = connector.address(conversation=THREAD, kind="channel")
        began = time.monotonic()
        await bot.send(channel, Post("a"))
        assert time.monotonic() - began >= 0.05
        with pytest.raises(NotTaken, match="our own pace") as refused:
            await bot.stream(channel, "b", "streaming", 2, "s1", within=0)
        assert refused.value.fate is Fate.LATER
        await bot.update(channel, "1", Post("c"), within=7.0)
        await bot.member(channel)
    assert len(connector.calls) == 3
    spoken = [f"teams:19:general@thread.tacv2:{span}" for span in "smh"]
    assert [names for names, _ in pace.claimed] == [[*spoken, f"teams:{TENANT}"]] * 3 + [
        ["teams:19:general@thread.tacv2:who", "teams:19:general@thread.tacv2:who:h", f"teams:{TENANT}"]
    ]
    assert [within for _, within in pace.claimed][1:3] == [0, 7.0]


async def test_a_pause_that_teams_wants_is_kept_by_all() -> None:
    pace = Metronome()
    soon = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=60), usegmt=True)
    async with wired(pace) as (connector, bot):
        for wanted in ("2.5", soon, "never", "-1"):
            connector.answers.append(refusal(429, Retry_After=wanted))
            with pytest.raises(NotTaken) as refused:
                await bot.send(connector.address(), Post("a"))
            assert refused.value.pause == (pace.held[-1][1] if wanted in {"2.5", soon} else 0.0)
    assert [name for name, _ in pace.held] == ["teams:a:1:s"] * 2
    assert pace.held[0][1] == 2.5
    assert 50 < pace.held[1][1] <= 60


async def test_many_calls_at_once_share_their_connections(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    await asyncio.gather(*(bot.send(connector.address(), Post(str(number))) for number in range(100)))
    assert len(connector.calls) == 100
