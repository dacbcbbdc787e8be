"""Who is in which group, as the operator says: in the settings, and in a file that is read again when it changes."""

import json
import logging
import os
import tomllib
from collections import defaultdict
from collections.abc import Collection, Mapping
from pathlib import Path

Members = Mapping[str, frozenset[str]]

log = logging.getLogger(__name__)


class Groups:
    """Members by group: ids of people (`slack:T1:U1`), and of groups that a platform keeps (`slack:S1`, `entra:GUID`).

    A file that cannot be read has nobody in it.
    """

    def __init__(self, members: Members | None = None, file: Path | None = None) -> None:
        self._set = _by_member(members or {})
        self._file = file
        self._state: tuple[int, ...] | None = None
        self._read: Members = {}
        self.sound = True  # whether the file could be read when it was looked at last

    def of(self, person: str, kept: Collection[str] = ()) -> frozenset[str]:
        """The groups of a person whom the platform has in those that are `kept` there, these included."""
        read = self._current()
        listed = (by.get(one, ()) for by in (self._set, read) for one in (person, *kept))
        return frozenset(kept).union(*listed)

    def _current(self) -> Members:
        """What the file says now, by member."""
        if self._file is None:
            return {}
        try:
            found = self._file.stat()
            state = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            if state != self._state:
                self._read, self._state = _by_member(members_in(self._file)), state
                self.sound = True
        except (OSError, ValueError):
            if self.sound:
                log.warning("the file of groups cannot be read, so nobody is in a group of it")
            self._read, self._state, self.sound = {}, None, False
        return self._read


def members_in(file: Path) -> Members:
    """What a file of groups says, in TOML or JSON: names, each with a list of ids. Raises OSError, ValueError."""
    text = file.read_text("utf-8")
    said = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    if not isinstance(said, dict) or not all(map(_is_list, said.values())):
        raise ValueError(f'each line of {os.fspath(file.name)} must be like hr = ["slack:T1:U1", "slack:S1"]')
    return {name: frozenset(ids) for name, ids in said.items()}


def plainly(identifier: str) -> str:
    """An id as we compare it: those of Entra are the same in capitals."""
    return identifier.lower() if identifier.lower().startswith("entra:") else identifier


def _by_member(members: Members) -> Members:
    """The groups by who is in them."""
    found = defaultdict[str, set[str]](set)
    for name, ids in members.items():
        for one in ids:
            found[plainly(one)].add(name)
    return {one: frozenset(names) for one, names in found.items()}


def _is_list(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one for one in value)
