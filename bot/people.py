"""Who may do and read what: the groups a person is in, who administers, and what a place may show to all who see it."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from bot.events import Person, Turn
from bot.groups import Groups
from bot.known import Renewals, Unknown
from bot.places import Place, Places

PUBLIC: Final[frozenset[str]] = frozenset()
READERS: Final = 200  # in a channel with more, only what everybody may read is used

ALL_SECONDS: Final = 8.0  # that a question waits to hear who may read what

Kept = Mapping[str, frozenset[str]]


class Roster(Protocol):
    """What a platform tells of people and places, at once or soon; it may rely for a while on what it was told.

    Both questions raise Unknown where it does not tell.
    """

    async def groups_of(self, people: Collection[str], turn: Turn) -> Kept:
        """The groups that the platform keeps and each person is in, where `turn` was asked; nobody left out."""

    async def readers_of(self, turn: Turn) -> frozenset[str] | None:
        """Everybody who can read what is said where `turn` was asked; None where that is anybody, or too many."""

    def forget(self) -> None:
        """Asks anew from now on."""


@dataclass(frozen=True, slots=True)
class Rights:
    """The groups whose documents an answer may use, and those that its asker is in.

    `unsure` where somebody did not say who is in which group: then only what is known otherwise counts.
    """

    groups: frozenset[str] = PUBLIC
    own: frozenset[str] = PUBLIC
    unsure: bool = False

    @property
    def more_in_private(self) -> bool:
        """Whether its asker alone may read more than all who read along."""
        return not self.own <= self.groups


class Directory:
    """Groups and their members, and admins; whom nobody knows sees public documents only."""

    def __init__(
        self,
        members: Groups | Mapping[str, frozenset[str]] | None = None,
        places: Places | None = None,
        admins: Collection[str] = (),
        renewals: Renewals | None = None,
    ) -> None:
        self.places = places
        self._renewals = renewals
        self._groups = members if isinstance(members, Groups) else Groups(members)
        self._admins = frozenset(admins)
        self._rosters: dict[str, Roster] = {}
        self._renewed = 0  # how often, when we last looked

    def consult(self, platform: str, roster: Roster) -> None:
        """From now on asks about the people of a platform there."""
        self._rosters[platform] = roster

    async def rights(self, turn: Turn) -> Rights:
        """What an answer may use: the asker's groups; where others read along, those that all of them are in.

        Raises StateDown.
        """
        await self._renew()
        (own,), unsure = await self._groups_of([turn.person.id], turn)
        if turn.private:
            own |= turn.person.groups
            return Rights(own, own, unsure)
        if not own:
            return Rights(unsure=unsure)
        return Rights(own & await self._common(turn), own, unsure)

    def administers(self, person: Person) -> bool:
        """Whether a person may change what holds for others."""
        return person.id in self._admins

    async def place_of(self, turn: Turn) -> Place:
        """The settings that apply where a question was asked. Raises StateDown."""
        return await self.places.of(turn.place) if self.places and turn.place else Place()

    async def _renew(self) -> None:
        """Has the platforms asked anew where an admin said so, in whatever process."""
        renewed = await self._renewals.count() if self._renewals and self._rosters else 0
        if renewed != self._renewed:
            for roster in self._rosters.values():
                roster.forget()
            self._renewed = renewed

    async def _common(self, turn: Turn) -> frozenset[str]:
        """The groups that everybody is in who reads along; none where that cannot be told."""
        roster = self._rosters.get(turn.platform)
        try:
            async with asyncio.timeout(ALL_SECONDS):
                readers = await roster.readers_of(turn) if roster else None
        except (Unknown, TimeoutError):
            return PUBLIC
        if not readers or len(readers) > READERS:
            return PUBLIC
        groups, _ = await self._groups_of(sorted(readers), turn)
        return frozenset.intersection(*groups)

    async def _groups_of(self, people: Collection[str], turn: Turn) -> tuple[list[frozenset[str]], bool]:
        """The groups of each person, and whether some may be missing."""
        roster, kept, unsure = self._rosters.get(turn.platform), dict[str, frozenset[str]](), False
        try:
            async with asyncio.timeout(ALL_SECONDS):
                kept = dict(await roster.groups_of(people, turn)) if roster else {}
        except (Unknown, TimeoutError):
            unsure = True
        found = [self._groups.of(person, kept.get(person, PUBLIC)) for person in people]
        return found, unsure or not self._groups.sound
