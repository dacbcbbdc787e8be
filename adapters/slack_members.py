"""Who of those that write to us in Slack belongs to the company: guests and people of other companies do not."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from adapters.slack_calls import SlackCalls
from adapters.slack_payload import Payload, inner, string
from adapters.slack_refusals import MISSING, NotTaken
from bot.errors import NotAllowed, Undelivered
from bot.events import Turn
from bot.language import LANGUAGE_NAMES, Language, language_of
from bot.notices import EXTERNAL, GUEST

KNOWN_SECONDS: Final = 3600.0  # that we rely on what Slack said of a person,
UNKNOWN_SECONDS: Final = 60.0  # or could not say
MOST: Final = 20_000  # people

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """What Slack says of a person; where it says nothing, they count as one of the company."""

    guest: bool = False
    external: bool = False
    locale: str = ""

    @property
    def language(self) -> Language:
        """The language that their Slack speaks, English if we do not."""
        return next((known for known in LANGUAGE_NAMES if self.locale.lower().startswith(known)), "en")


class SlackMembers:
    """Lets those in who belong to the company, and the kinds of `outsiders` that the operator allows."""

    def __init__(self, calls: Callable[[str, str], SlackCalls], outsiders: Collection[str] = ()) -> None:
        self._calls = calls
        self._outsiders = frozenset(outsiders)
        self._known: OrderedDict[tuple[str, str], tuple[float, Member]] = OrderedDict()

    async def admit(self, turn: Turn) -> None:
        """Raises NotAllowed for who may not be answered there, Undelivered where Slack does not say who they are."""
        where, language = turn.reply_to, language_of(turn.text)
        who = (where.get("user", ""), where.get("team", ""), where.get("enterprise", ""))
        member = await self._asked(*who)
        if member.guest and "guests" not in self._outsiders:
            raise NotAllowed(GUEST[language])
        if "external" in self._outsiders:
            return
        shared = where.get("external") or (turn.shares and await self._others_read(where["channel"], *who[1:]))
        if member.external or shared:
            raise NotAllowed(EXTERNAL[language])

    async def known(self, user: str, team: str, enterprise: str = "") -> Member:
        """What is known of a person, or Slack says at once; for what must not wait, such as a form."""
        try:
            return await self._asked(user, team, enterprise, optional=True)
        except Undelivered:
            return Member()

    def lets_in(self, member: Member) -> bool:
        """Whether such a person is answered."""
        return not (member.guest and "guests" not in self._outsiders) and not (
            member.external and "external" not in self._outsiders
        )

    async def _asked(self, user: str, team: str, enterprise: str = "", *, optional: bool = False) -> Member:
        """What Slack says of a person, asked once an hour. Raises Undelivered."""
        until, member = self._known.get((team, user), (0.0, None))
        if not user or (member and time.monotonic() < until):
            return member or Member()
        call, about = self._calls(team, enterprise).call, {"user": user, "include_locale": True}
        try:
            found, seconds = (
                _member(await call("users.info", about, optional=optional), team, enterprise),
                KNOWN_SECONDS,
            )
        except NotTaken as refusal:
            if not (refusal.lasting or refusal.unknown):
                if member:
                    return member
                raise Undelivered("Slack does not say who asks.") from None
            _warn_of(refusal.reason)
            found, seconds = Member(), UNKNOWN_SECONDS
        self._known[team, user] = (time.monotonic() + seconds, found)
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return found

    async def _others_read(self, channel: str, team: str, enterprise: str) -> bool:
        """Whether people of other companies read a channel; what Slack does not show us there, we cannot post there."""
        try:
            said = inner(
                await self._calls(team, enterprise).call("conversations.info", {"channel": channel}), "channel"
            )
        except NotTaken as refusal:
            if not (refusal.lasting or refusal.unknown):
                raise Undelivered("Slack does not say who reads that channel.") from None
            return refusal.reason.startswith(MISSING)
        return any(said.get(name) is True for name in ("is_ext_shared", "is_pending_ext_shared"))


def _member(said: dict[str, object], team: str, enterprise: str) -> Member:
    user = inner(said, "user")
    guest = user.get("is_restricted") is True or user.get("is_ultra_restricted") is True
    stranger = user.get("is_stranger") is True or _foreign(user, team, enterprise)
    return Member(guest, stranger, string(user, "locale"))


def _foreign(user: Payload, team: str, enterprise: str) -> bool:
    """Whether somebody belongs to another workspace, and to another organisation if ours is one."""
    home, grid = string(user, "team_id"), inner(user, "enterprise_user")
    organisation, teams = string(grid, "enterprise_id"), grid.get("teams")
    if enterprise and organisation:
        return enterprise != organisation
    workspaces = {home, organisation, *(teams if isinstance(teams, list) else [])} - {""}
    return bool(workspaces and team) and workspaces.isdisjoint({team, enterprise})


@lru_cache(8)
def _warn_of(reason: str) -> None:
    log.warning("slack does not say who is a guest, so nobody counts as one", extra={"reason": reason})
