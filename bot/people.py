"""Who may read what: the groups a person is in, and what a place may show to all who see it."""

from collections.abc import Mapping

from bot.events import Turn

PUBLIC: frozenset[str] = frozenset()


class Directory:
    """Groups and their members, as set by the operator; who is in no list sees public documents only."""

    def __init__(self, members: Mapping[str, frozenset[str]] | None = None) -> None:
        self._members = dict(members or {})

    def readable_by(self, turn: Turn) -> frozenset[str]:
        """The groups whose documents the answer may use: the asker's own, but none where others read along."""
        if not turn.private:
            return PUBLIC
        listed = {group for group, people in self._members.items() if turn.person.id in people}
        return turn.person.groups | listed
