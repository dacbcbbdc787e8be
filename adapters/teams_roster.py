"""Who is in Entra's groups, and who can read a channel or a chat in Teams; told for a while, then asked anew."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from adapters.teams_activity import PLATFORM, Address, text_at
from adapters.teams_calls import NotTaken
from adapters.teams_sdk import TeamsBot
from bot.events import Turn
from bot.known import Known, Unknown
from bot.people import PUBLIC, READERS

AT_ONCE: Final = 16  # people that Entra is asked about

Everybody = frozenset[str] | None

log = logging.getLogger(__name__)


class Entra(Protocol):
    """The directory of the company."""

    async def groups_of(self, person: str) -> frozenset[str]:
        """The ids of the groups that somebody is in, through others too. Raises NotTaken."""

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""


class TeamsRoster:
    """What Teams tells of channels, and `entra` of people where the operator wants that, for `seconds`.

    `tenant` is the company's; where it is not given, each conversation's own.
    """

    def __init__(self, bot: TeamsBot, entra: Entra | None, seconds: float, tenant: str = "") -> None:
        self._bot = bot
        self._entra = entra
        self._tenant = tenant.lower()
        self._groups = Known[frozenset[str]](seconds)
        self._readers = Known[tuple[Everybody]](seconds)
        self._asking = asyncio.Semaphore(AT_ONCE)

    async def groups_of(self, people: Collection[str], turn: Turn) -> Mapping[str, frozenset[str]]:
        """The groups of people, as `entra:ID`; somebody of another company is in none. Raises Unknown."""
        if self._entra is None:
            return dict.fromkeys(people, PUBLIC)
        home = self._tenant or Address.of(turn.reply_to).tenant.lower()
        ours = [person for person in people if person.split(":")[1].lower() == home]
        found = await asyncio.gather(*(self._groups_of(person) for person in ours))
        return {**dict.fromkeys(people, PUBLIC), **dict(zip(ours, found, strict=True))}

    async def readers_of(self, turn: Turn) -> Everybody:
        """Everybody in a team's channel, or a chat; None where that is shared with others, or they are too many.

        Raises Unknown.
        """
        if turn.reply_to.get("external"):
            return None
        address = Address.of(turn.reply_to)
        (readers,) = await self._readers.of(address.channel, lambda: self._among(address))
        return readers

    def forget(self) -> None:
        """Asks Microsoft anew from now on."""
        self._groups.forget()
        self._readers.forget()

    async def _groups_of(self, person: str) -> frozenset[str]:
        async with self._asking:
            return await self._groups.of(person, lambda: self._named(person.rpartition(":")[2]))

    async def _named(self, user: str) -> frozenset[str]:
        assert self._entra
        try:
            return frozenset(f"entra:{group.lower()}" for group in await self._entra.groups_of(user))
        except NotTaken as refusal:
            log.warning("entra does not say who is in which group", extra={"reason": str(refusal)})
            raise Unknown from None

    async def _among(self, address: Address) -> tuple[Everybody]:
        """Who reads a channel or a chat."""
        found, more = set[str](), ""
        while True:
            try:
                members, more = await self._bot.members(address, more)
            except NotTaken as refusal:
                log.warning("teams does not say who reads a channel", extra={"reason": str(refusal)})
                raise Unknown from None
            found.update(_person(member, address.tenant) for member in members)
            if len(found) > READERS:
                return (None,)
            if not more:
                return (frozenset(found),)


def _person(member: Mapping[str, object], tenant: str) -> str:
    """Our name for a member of a conversation."""
    home = text_at(member, "tenantId") or tenant
    user = text_at(member, "aadObjectId") or text_at(member, "objectId") or text_at(member, "id")
    return f"{PLATFORM}:{tenant if home.lower() == tenant.lower() else home}:{user}"
