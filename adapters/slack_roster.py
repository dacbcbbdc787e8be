"""Who is in Slack's user groups, and who can read a channel there; told for a while, then asked anew."""

import logging
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from typing import Final

from adapters.slack_calls import SlackCalls
from adapters.slack_payload import Payload, inner, string
from adapters.slack_refusals import NotTaken
from bot.events import Turn
from bot.known import Known, Unknown
from bot.people import PUBLIC, READERS

PAGE: Final = 200  # members at a time, as Slack recommends

Everybody = frozenset[str] | None

log = logging.getLogger(__name__)


class SlackRoster:
    """What Slack tells of people and channels, for `seconds`; of user groups only where the operator `wants` them.

    A public channel is read by the whole workspace, whoever has joined it.
    """

    def __init__(self, calls: Callable[[str, str], SlackCalls], seconds: float, *, wants: bool = False) -> None:
        self._calls = calls
        self._wants = wants
        self._groups = Known[Mapping[str, frozenset[str]]](seconds)
        self._readers = Known[tuple[Everybody]](seconds)

    async def groups_of(self, people: Collection[str], turn: Turn) -> Mapping[str, frozenset[str]]:
        """The user groups of people, as `slack:S1`. Raises Unknown."""
        if not self._wants:
            return dict.fromkeys(people, PUBLIC)
        team, enterprise = _where(turn)
        kept = await self._groups.of(team, lambda: self._user_groups(team, enterprise))
        return {person: kept.get(person, PUBLIC) for person in people}

    async def readers_of(self, turn: Turn) -> Everybody:
        """Everybody in a private channel but ourselves; None for a public one, or more people than we ask about.

        Raises Unknown.
        """
        channel = turn.reply_to.get("channel", "")
        (readers,) = await self._readers.of(f"{turn.reply_to.get('team')}:{channel}", lambda: self._among(turn))
        return readers

    def forget(self) -> None:
        """Asks Slack anew from now on."""
        self._groups.forget()
        self._readers.forget()

    async def _user_groups(self, team: str, enterprise: str) -> Mapping[str, frozenset[str]]:
        """The user groups of a workspace, by who is in them."""
        calls = self._calls(team, enterprise)
        which = {"include_users": True, "team_id": team if enterprise else None}
        said = (await _told(calls, "usergroups.list", which)).get("usergroups")
        found = dict[str, set[str]]()
        for group in said if isinstance(said, list) else ():
            for user in _active(group):
                found.setdefault(f"slack:{team}:{user}", set()).add(f"slack:{string(group, 'id')}")
        return {person: frozenset(groups) for person, groups in found.items()}

    async def _among(self, turn: Turn) -> tuple[Everybody]:
        """Who reads a channel."""
        (team, enterprise), channel = _where(turn), turn.reply_to.get("channel", "")
        calls = self._calls(team, enterprise)
        about = {"channel": channel, "include_num_members": True}
        said = inner(await _told(calls, "conversations.info", about), "channel")
        number = said.get("num_members")
        if not _closed(said) or (isinstance(number, int) and number > READERS + 1):
            return (None,)
        ourselves = string(await _told(calls, "auth.test", {}), "user_id")
        found = set[str]()
        async for user in _members(calls, channel):
            found.add(user)
            if len(found) > READERS + 1:
                return (None,)
        return (frozenset(f"slack:{team}:{user}" for user in found - {ourselves}),)


def _where(turn: Turn) -> tuple[str, str]:
    return turn.reply_to.get("team", ""), turn.reply_to.get("enterprise", "")


def _active(group: object) -> list[str]:
    """Who is in a user group; one that was switched off has nobody."""
    users = group.get("users") if isinstance(group, dict) and not group.get("date_delete") else None
    return [user for user in users if isinstance(user, str)] if isinstance(users, list) else []


def _closed(channel: Payload) -> bool:
    """Whether only its members, all of this company, read it."""
    private = channel.get("is_private") is True or channel.get("is_mpim") is True
    return private and not any(channel.get(name) for name in ("is_ext_shared", "is_pending_ext_shared", "is_shared"))


async def _members(calls: SlackCalls, channel: str) -> AsyncIterator[str]:
    """Everybody in a channel, people and apps."""
    cursor = ""
    while True:
        page = {"channel": channel, "limit": PAGE, "cursor": cursor or None}
        said = await _told(calls, "conversations.members", page)
        users = said.get("members")
        for user in users if isinstance(users, list) else ():
            yield str(user)
        cursor = string(inner(said, "response_metadata"), "next_cursor")
        if not cursor:
            return


async def _told(calls: SlackCalls, method: str, about: Mapping[str, object]) -> Payload:
    """What Slack says. Raises Unknown."""
    try:
        return await calls.call(method, about)
    except NotTaken as refusal:
        log.warning("slack does not say who may read what", extra={"method": method, "reason": refusal.reason})
        raise Unknown from None
