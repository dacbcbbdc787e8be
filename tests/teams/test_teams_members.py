"""Who is let in: what Teams says of people, and what holds where it says nothing."""

from collections.abc import AsyncIterator
from dataclasses import asdict

import pytest
from aiohttp import web

from adapters import teams_members
from adapters.teams_activity import Address
from adapters.teams_members import TeamsMembers
from adapters.teams_sdk import TeamsBot
from bot.errors import NotAllowed, Undelivered
from bot.events import Person, Turn
from tests.teams.standin import refusal
from tests.teams.wired import TENANT, Wired, wired

ANNA = {"id": "29:anna", "tenantId": TENANT, "userRole": "user", "userPrincipalName": "anna@contoso.com"}


@pytest.fixture
async def there() -> AsyncIterator[tuple[Wired, TeamsBot]]:
    async with wired() as both:
        yield both


def turn(address: Address, **more: str) -> Turn:
    where = {**asdict(address), **more}
    return Turn("e1", "m1", "teams", "teams:a:1", Person("teams:t:anna"), "How many days?", reply_to=where)


def said(**changes: object) -> web.Response:
    return web.json_response({**ANNA, **changes})


async def test_an_employee_is_let_in_and_asked_for_once(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    members = TeamsMembers(bot)
    connector.answers.append(said())
    for _ in range(3):
        await members.admit(turn(connector.address()))
    assert [path for _, path, _ in connector.calls] == ["/emea/v3/conversations/a:1/members/29:anna"]


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"userRole": "guest"}, "guests"),
        ({"userRole": "Guest"}, "guests"),
        ({"userRole": "anonymous"}, "guests"),
        ({"userRole": None, "role": "guest"}, "guests"),
        ({"userPrincipalName": "anna_fabrikam.com#EXT#@contoso.com"}, "guests"),
        ({"tenantId": "another"}, "external"),
    ],
)
async def test_who_is_not_of_the_company_is_let_in_only_if_the_operator_says_so(
    there: tuple[Wired, TeamsBot], told: dict[str, object], kind: str
) -> None:
    connector, bot = there
    other = {"guests": "external", "external": "guests"}[kind]
    for outsiders in ((), (other,)):
        connector.answers.append(said(**told))
        with pytest.raises(NotAllowed):
            await TeamsMembers(bot, outsiders).admit(turn(connector.address()))
    connector.answers.append(said(**told))
    await TeamsMembers(bot, (kind,)).admit(turn(connector.address()))


async def test_a_tenant_is_the_same_in_capitals_and_the_configured_one_counts(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    connector.answers.append(said(tenantId=TENANT.upper()))
    await TeamsMembers(bot).admit(turn(connector.address()))
    connector.answers.append(said())
    with pytest.raises(NotAllowed):
        await TeamsMembers(bot, tenant="the-house").admit(turn(connector.address()))


async def test_where_others_read_along_nobody_is_answered_unless_the_operator_says_so(
    there: tuple[Wired, TeamsBot],
) -> None:
    connector, bot = there
    for outsiders in ((), ("guests",)):
        connector.answers.append(said())
        with pytest.raises(NotAllowed):
            await TeamsMembers(bot, outsiders).admit(turn(connector.address(), external="yes"))
    connector.answers.append(said())
    await TeamsMembers(bot, ("external",)).admit(turn(connector.address(), external="yes"))


async def test_where_all_are_welcome_nobody_is_asked_for(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    await TeamsMembers(bot, ("guests", "external")).admit(turn(connector.address()))
    assert not connector.calls


@pytest.mark.parametrize("status", [403, 404, 405, 501])
async def test_where_teams_never_says_nobody_counts_as_a_guest(
    there: tuple[Wired, TeamsBot], status: int, caplog: pytest.LogCaptureFixture
) -> None:
    connector, bot = there
    teams_members._warn_of.cache_clear()
    members = TeamsMembers(bot)
    connector.answers.extend([refusal(status), refusal(status)])
    await members.admit(turn(connector.address()))
    await members.admit(turn(connector.address(user="29:ben")))
    await members.admit(turn(connector.address()))
    assert len(connector.calls) == 2
    assert [record.message for record in caplog.records if "guest" in record.message] == [
        "teams does not say who is a guest, so nobody counts as one"
    ]


@pytest.mark.parametrize(
    "answer",
    [refusal(429, Retry_After="1"), refusal(503), web.Response(text="<html>", content_type="text/html"), refusal(412)],
)
async def test_while_teams_does_not_say_who_asks_the_question_waits(
    there: tuple[Wired, TeamsBot], answer: web.Response
) -> None:
    connector, bot = there
    members = TeamsMembers(bot)
    connector.answers.append(web.Response(body=answer.body, status=answer.status, headers=answer.headers))
    with pytest.raises(Undelivered):
        await members.admit(turn(connector.address()))
    connector.answers.append(said())
    await members.admit(turn(connector.address()))


async def test_what_was_known_holds_while_teams_does_not_answer(
    there: tuple[Wired, TeamsBot], monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, bot = there
    monkeypatch.setattr(teams_members, "KNOWN_SECONDS", 0.0)
    members = TeamsMembers(bot)
    connector.answers.extend([said(userRole="guest"), refusal(503), refusal(404), said()])
    for _ in range(3):
        with pytest.raises(NotAllowed):
            await members.admit(turn(connector.address()))
    monkeypatch.setattr(teams_members, "UNKNOWN_SECONDS", 0.0)
    members._known.clear()
    await members.admit(turn(connector.address()))


async def test_where_we_are_not_teams_is_asked_in_our_chat_with_them(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    elsewhere = connector.address(conversation="19:x@thread.v2", kind="groupChat")
    chat = web.json_response({"id": "a:7"}, status=201)
    connector.answers.extend([refusal(403, "BotNotInConversationRoster"), chat, said(userRole="guest")])
    with pytest.raises(NotAllowed):
        await TeamsMembers(bot).admit(turn(elsewhere))
    assert connector.calls[-1][:2] == ("GET", "/emea/v3/conversations/a:7/members/29:anna")


async def test_what_teams_does_not_say_in_one_place_is_asked_for_in_another(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    members = TeamsMembers(bot)
    elsewhere = connector.address(conversation="19:x@thread.v2", kind="groupChat")
    away = refusal(403, "BotNotInConversationRoster"), refusal(403, "BotNotInConversationRoster")
    connector.answers.extend([*away, said(userRole="guest")])
    await members.admit(turn(elsewhere))
    for address in (connector.address(), elsewhere):
        with pytest.raises(NotAllowed):
            await members.admit(turn(address))
    assert len(connector.calls) == 3


async def test_no_more_people_are_remembered_than_fit(
    there: tuple[Wired, TeamsBot], monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, bot = there
    monkeypatch.setattr(teams_members, "MOST", 3)
    members = TeamsMembers(bot)
    for name in ("anna", "ben", "carl", "dora", "dora", "anna"):
        connector.answers.append(said())
        await members.admit(turn(connector.address(user=f"29:{name}")))
    assert len(connector.calls) == 5


async def test_a_turn_whose_asker_teams_did_not_name_is_let_in(there: tuple[Wired, TeamsBot]) -> None:
    connector, bot = there
    await TeamsMembers(bot).admit(turn(connector.address(user="")))
    assert not connector.calls
