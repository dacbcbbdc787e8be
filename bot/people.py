"""Who may do and read what: the groups a person is in, who administers, and what a place may show to all who see it."""

from collections.abc import Collection, Mapping

from bot.events import Person, Turn
from bot.places import Place, Places

PUBLIC: frozenset[str] = frozenset()


class Directory:
    """Groups and their members, and admins, as set by the operator; who is in no list sees public documents only."""

    def __init__(
        self,
        members: Mapping[str, frozenset[str]] | None = None,
        places: Places | None = None,
        admins: Collection[str] = (),
    ) -> None:
        self.places = places
        self._members = dict(members or {})
        self._admins = frozenset(admins)

    def readable_by(self, turn: Turn) -> frozenset[str]:
        """The groups whose documents the answer may use: the asker's own, but none where others read along."""
        if not turn.private:
            return PUBLIC
        listed = {group for group, people in self._members.items() if turn.person.id in people}
        return turn.person.groups | listed

    def administers(self, person: Person) -> bool:
        """Whether a person may change what holds for others."""
        return person.id in self._admins

    async def place_of(self, turn: Turn) -> Place:
        """The settings that apply where a question was asked. Raises StateDown."""
        return await self.places.of(turn.place) if self.places and turn.place else Place()
