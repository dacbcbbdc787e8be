"""Who is let in: what Slack says of people, and what holds where it says nothing."""

from dataclasses import replace

import pytest

from adapters.slack_events import parse
from adapters.slack_members import Member, SlackMembers, _member
from bot.errors import NotAllowed, Undelivered
from bot.events import Turn
from tests.slack.desk import calls, recorded
from tests.slack.standin import SlackStandIn, Trouble

GUEST = '{"ok": true, "user": {"id": "U0ANNA", "team_id": "T0HOUSE", "is_restricted": true}}'


@pytest.fixture
def members(slack: SlackStandIn) -> SlackMembers:
    return SlackMembers(lambda _team, _enterprise: calls(slack))


def asked() -> Turn:
    turn = parse(recorded("app_mention"))
    assert isinstance(turn, Turn)
    return turn


async def test_an_employee_is_let_in_and_asked_for_once(members: SlackMembers, slack: SlackStandIn) -> None:
    await members.admit(asked())
    await members.admit(asked())
    assert slack.calls == ["users.info"]


async def test_a_guest_is_told_no_unless_the_operator_lets_guests_in(slack: SlackStandIn) -> None:
    for outsiders in ((), ("guests",)):
        slack.err("users.info", Trouble(body=GUEST))
        members = SlackMembers(lambda _team, _enterprise: calls(slack), outsiders)
        if outsiders:
            await members.admit(asked())
        else:
            with pytest.raises(NotAllowed, match="no guests"):
                await members.admit(asked())


@pytest.mark.parametrize(
    "trouble", [Trouble(429, "ratelimited", retry_after=1), Trouble(503), Trouble(body="<html>", kind="text/html")]
)
async def test_where_slack_does_not_say_who_asks_the_question_waits(
    members: SlackMembers, slack: SlackStandIn, trouble: Trouble
) -> None:
    slack.err("users.info", trouble)
    with pytest.raises(Undelivered):
        await members.admit(asked())
    await members.admit(asked())


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(error="missing_scope"),
        Trouble(404, body="<html>", kind="text/html"),
        Trouble(405, body="-", kind="text/plain"),
    ],
)
async def test_where_it_never_will_nobody_counts_as_a_guest(
    members: SlackMembers, slack: SlackStandIn, trouble: Trouble
) -> None:
    slack.err("users.info", trouble)
    await members.admit(asked())


async def test_what_is_shared_is_not_read_by_other_companies(members: SlackMembers, slack: SlackStandIn) -> None:
    shared = replace(asked(), shares="t1")
    slack.err("conversations.info", Trouble(body='{"ok": true, "channel": {"is_ext_shared": true}}'))
    with pytest.raises(NotAllowed, match="other companies"):
        await members.admit(shared)
    slack.err("conversations.info", Trouble(error="missing_scope"))
    with pytest.raises(NotAllowed):
        await members.admit(shared)
    await members.admit(shared)


@pytest.mark.parametrize(
    ("user", "enterprise", "external"),
    [
        ({"team_id": "T0HOUSE"}, "", False),
        ({"team_id": "T0OTHER"}, "", True),
        ({"team_id": "T0HOUSE", "is_stranger": True}, "", True),
        ({"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E0US", "teams": ["T0OTHER"]}}, "E0US", False),
        ({"team_id": "T0OTHER", "enterprise_user": {"enterprise_id": "E0THEM", "teams": ["T0OTHER"]}}, "E0US", True),
        ({"team_id": "E0OTHER"}, "", True),
        ({}, "", False),
    ],
)
def test_who_belongs_to_us(user: dict[str, object], enterprise: str, external: bool) -> None:
    assert _member({"user": user}, "T0HOUSE", enterprise) == Member(external=external)
