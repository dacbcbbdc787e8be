"""Who of those that write to us in Teams belongs to the company: guests and people of other companies do not."""

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from adapters.teams_activity import Address, text_at
from adapters.teams_calls import Fate, NotTaken
from adapters.teams_sdk import TeamsBot
from bot.errors import NotAllowed, Undelivered
from bot.events import Turn
from bot.language import language_of
from bot.notices import EXTERNAL, GUEST
from bot.ticket import CALL_SECONDS

KNOWN_SECONDS: Final = 3600.0  # that we rely on what Teams said of a person,
UNKNOWN_SECONDS: Final = 60.0  # or could not say
MOST: Final = 20_000  # people

_GUESTS: Final = frozenset({"guest", "anonymous"})
_INVITED: Final = "#ext#"  # in the name by which a directory knows those of other companies

Admit = Callable[[Turn], Awaitable[None]]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Member:
    """What Teams says of a person; where it says nothing, they count as one of the company."""

    guest: bool = False
    external: bool = False


@dataclass(frozen=True, slots=True)
class _Known:
    """What we rely on until then; where Teams said nothing, only in the `place` where that was so."""

    until: float = 0.0
    member: Member | None = None
    place: str = ""


class TeamsMembers:
    """Lets those in who belong to the company, and the kinds of `outsiders` that the operator allows.

    `tenant` is the company's; where it is not given, each conversation's own.
    """

    def __init__(self, bot: TeamsBot, outsiders: Collection[str] = (), tenant: str = "") -> None:
        self._bot = bot
        self._outsiders = frozenset(outsiders)
        self._tenant = tenant.lower()
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()

    async def admit(self, turn: Turn) -> None:
        """Raises NotAllowed for who may not be answered there, Undelivered where Teams does not say who they are."""
        if {"guests", "external"} <= self._outsiders:
            return
        language = language_of(turn.text)
        member = await self._asked(Address.of(turn.reply_to))
        if member.guest and "guests" not in self._outsiders:
            raise NotAllowed(GUEST[language])
        shared = bool(turn.reply_to.get("external"))
        if (member.external or shared) and "external" not in self._outsiders:
            raise NotAllowed(EXTERNAL[language])

    async def _asked(self, address: Address) -> Member:
        """What Teams says of a person, asked once an hour. Raises Undelivered."""
        who = (address.tenant, address.user)
        known = self._known.get(who, _Known())
        fresh = time.monotonic() < known.until and known.place in ("", address.channel)
        if not address.user or (known.member and fresh):
            return known.member or Member()
        told = None if known.place else known.member
        try:
            async with asyncio.timeout(CALL_SECONDS):
                said = await self._said(address)
            found, seconds, place = _member(said, self._tenant or address.tenant.lower()), KNOWN_SECONDS, ""
        except (NotTaken, TimeoutError) as refusal:
            if isinstance(refusal, TimeoutError) or refusal.fate is Fate.LATER:
                if told:
                    return told
                raise Undelivered("Teams does not say who asks.") from None
            _warn_of(str(refusal))
            found, seconds, place = told or Member(), UNKNOWN_SECONDS, "" if told else address.channel
        self._keep(who, _Known(time.monotonic() + seconds, found, place))
        return found

    async def _said(self, address: Address) -> Mapping[str, object]:
        """What Teams says of a person; where we are not, as with a search, in our chat with them. Raises NotTaken."""
        try:
            return await self._bot.member(address)
        except NotTaken as refusal:
            if refusal.fate is not Fate.UNREACHABLE:
                raise
        chat = await self._bot.open(address)
        return await self._bot.member(replace(address, conversation=chat, kind="personal"))

    def _keep(self, who: tuple[str, str], known: _Known) -> None:
        self._known[who] = known
        self._known.move_to_end(who)
        while len(self._known) > MOST:
            self._known.popitem(last=False)


def _member(said: Mapping[str, object], tenant: str) -> Member:
    home = text_at(said, "tenantId").lower()
    role = (text_at(said, "userRole") or text_at(said, "role")).lower()
    guest = role in _GUESTS or _INVITED in text_at(said, "userPrincipalName").lower()
    return Member(guest, bool(home and tenant and home != tenant))


@lru_cache(8)
def _warn_of(reason: str) -> None:
    log.warning("teams does not say who is a guest, so nobody counts as one", extra={"reason": reason})
