"""Who is in a user group and who reads a channel, as Slack says it, and what holds where it does not."""

import json
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack_events import parse
from adapters.slack_roster import SlackRoster
from bot.events import Turn
from bot.known import Unknown
from bot.people import PUBLIC, READERS
from tests.slack.desk import calls, recorded
from tests.slack.standin import SlackStandIn, Trouble

ANNA, BEAT = "slack:T0HOUSE:U0ANNA", "slack:T0HOUSE:U0BEAT"


@pytest.fixture
def roster(slack: SlackStandIn) -> SlackRoster:
    return SlackRoster(lambda _team, _enterprise: calls(slack), 60, wants=True)


def says(slack: SlackStandIn, method: str, **said: Any) -> None:
    slack.err(method, Trouble(body=json.dumps({"ok": True, **said})))


def closed(slack: SlackStandIn, **more: Any) -> None:
    """The channel is private."""
    says(slack, "conversations.info", channel={"id": "C1", "is_private": True, "num_members": 3, **more})


def asked() -> Turn:
    turn = parse(recorded("app_mention"))
    assert isinstance(turn, Turn)
    return turn


async def test_user_groups_are_asked_for_once_for_all_people(roster: SlackRoster, slack: SlackStandIn) -> None:
    groups = [
        {"id": "S1", "handle": "hr", "users": ["U0ANNA", "U0BEAT"], "date_delete": 0},
        {"id": "S2", "handle": "old", "users": ["U0ANNA"], "date_delete": 1700000000},
        {"id": "S3", "handle": "empty"},
    ]
    says(slack, "usergroups.list", usergroups=groups)
    for people in ([ANNA], [ANNA, BEAT, "slack:T0HOUSE:U0OTHER"]):
        found = await roster.groups_of(people, asked())
        assert [found[person] for person in people] == [frozenset({"slack:S1"})] * len(people[:2]) + [PUBLIC] * (
            len(people) - len(people[:2])
        )
    assert slack.calls == ["usergroups.list"]


async def test_nobody_is_asked_where_the_operator_does_not_want_it(slack: SlackStandIn) -> None:
    roster = SlackRoster(lambda _team, _enterprise: calls(slack), 60)
    assert await roster.groups_of([ANNA], asked()) == {ANNA: PUBLIC}
    assert slack.calls == []


@pytest.mark.parametrize(
    "trouble", [Trouble(error="missing_scope"), Trouble(429, "ratelimited", retry_after=1), Trouble(503)]
)
async def test_what_slack_does_not_say_is_unknown(roster: SlackRoster, slack: SlackStandIn, trouble: Trouble) -> None:
    slack.err("usergroups.list", trouble)
    with pytest.raises(Unknown):
        await roster.groups_of([ANNA], asked())
    slack.err("conversations.info", trouble)
    with pytest.raises(Unknown):
        await roster.readers_of(asked())


async def test_a_private_channel_is_read_by_its_members_page_by_page_but_not_by_ourselves(
    roster: SlackRoster, slack: SlackStandIn
) -> None:
    closed(slack)
    more = {"next_cursor": "two"}
    says(slack, "conversations.members", members=["U0GEIST", "U0ANNA"], response_metadata=more)
    says(slack, "conversations.members", members=["U0BEAT"], response_metadata={"next_cursor": ""})
    for _ in range(2):
        assert await roster.readers_of(asked()) == frozenset({ANNA, BEAT})
    assert slack.calls == ["conversations.info", "auth.test", *["conversations.members"] * 2]
    roster.forget()
    closed(slack)
    says(slack, "conversations.members", members=["U0GEIST", "U0ANNA", "U0GUEST"])
    assert await roster.readers_of(asked()) == frozenset({ANNA, "slack:T0HOUSE:U0GUEST"})


@pytest.mark.parametrize(
    "channel",
    [
        {"is_private": False},
        {"is_private": True, "is_ext_shared": True},
        {"is_private": True, "is_pending_ext_shared": True},
        {"is_private": True, "num_members": READERS + 2},
        {},
    ],
)
async def test_where_anybody_others_or_too_many_read_nobody_is_counted(
    roster: SlackRoster, slack: SlackStandIn, channel: dict[str, object]
) -> None:
    says(slack, "conversations.info", channel=channel)
    assert await roster.readers_of(asked()) is None
    assert slack.calls == ["conversations.info"]


async def test_a_channel_is_counted_to_the_limit_and_no_further(roster: SlackRoster, slack: SlackStandIn) -> None:
    closed(slack, num_members=None)
    for page in range(3):
        members = [f"U{page}{number}" for number in range(200)]
        says(slack, "conversations.members", members=members, response_metadata={"next_cursor": "more"})
    assert await roster.readers_of(asked()) is None
    assert slack.calls.count("conversations.members") == 2


async def test_one_channel_is_not_another(roster: SlackRoster, slack: SlackStandIn) -> None:
    closed(slack)
    says(slack, "conversations.members", members=["U0ANNA"])
    other = replace(asked(), reply_to={**asked().reply_to, "channel": "C0OTHER"})
    assert await roster.readers_of(asked()) == frozenset({ANNA})
    says(slack, "conversations.info", channel={"is_private": False})
    assert await roster.readers_of(other) is None
