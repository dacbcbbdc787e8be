"""Who may read what: groups as the operator and the platforms say, and channels as their readers may."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.events import Person, Turn
from bot.groups import Groups
from bot.known import Known, Renewals, Unknown
from bot.people import PUBLIC, READERS, Directory, Rights
from tests.bot.house import turn

MARA, LENA, GAST = "test:mara", "test:lena", "test:gast"
HR = frozenset({"hr"})


class Played:
    """A platform that says what it is told to say, or nothing."""

    def __init__(self, readers: Collection[str] | None = (), **kept: Collection[str]) -> None:
        self.readers = None if readers is None else frozenset(readers)
        self.kept = {f"test:{name}": frozenset(groups) for name, groups in kept.items()}
        self.silent = False
        self.forgotten = 0

    async def groups_of(self, people: Collection[str], turn: Turn) -> Mapping[str, frozenset[str]]:
        if self.silent:
            raise Unknown
        return {person: self.kept.get(person, PUBLIC) for person in people}

    async def readers_of(self, turn: Turn) -> frozenset[str] | None:
        if self.silent:
            raise Unknown
        return self.readers

    def forget(self) -> None:
        self.forgotten += 1


def said(text: str = "Hotels?", *, private: bool = False) -> Turn:
    return turn(text, person=Person(MARA), private=private, place="" if private else "test:C1")


def asked(directory: Directory, roster: Played) -> Directory:
    directory.consult("test", roster)
    return directory


async def test_a_channel_may_read_what_all_its_readers_may() -> None:
    directory = Directory({"hr": {MARA, LENA}, "board": {MARA}, "it": {LENA}})  # type: ignore[dict-item]  # sets do
    roster = Played([MARA, LENA])
    assert await asked(directory, roster).rights(said()) == Rights(HR, frozenset({"hr", "board"}))
    roster.readers = frozenset({MARA, LENA, GAST})
    assert (await directory.rights(said())).groups == PUBLIC
    assert (await directory.rights(said(private=True))).groups == {"hr", "board"}


async def test_where_nobody_knows_the_readers_or_they_are_too_many_all_is_public() -> None:
    directory = Directory({"hr": frozenset({MARA})})
    assert (await directory.rights(said())).groups == PUBLIC, "no platform says who reads along"
    many = [MARA] + [f"test:{number}" for number in range(READERS)]
    for readers in (None, (), many):
        rights = await asked(directory, Played(readers)).rights(said())
        assert (rights.groups, rights.more_in_private) == (PUBLIC, True)


async def test_a_platform_that_does_not_answer_takes_its_groups_away_and_no_others() -> None:
    directory, roster = Directory({"hr": frozenset({MARA}), "it": frozenset({"slack:S1"})}), Played(mara=["slack:S1"])
    asked(directory, roster)
    assert (await directory.rights(said(private=True))).groups == {"hr", "it", "slack:S1"}
    roster.silent = True
    assert await directory.rights(said(private=True)) == Rights(HR, HR, unsure=True)
    assert await directory.rights(said()) == Rights(PUBLIC, HR, unsure=True)


async def test_a_file_of_groups_holds_from_the_moment_it_is_changed(tmp_path: Path) -> None:
    file = tmp_path / "groups.toml"
    file.write_text(f'hr = ["{MARA}"]\n')
    directory = Directory(Groups({"it": frozenset({MARA})}, file))
    assert (await directory.rights(said(private=True))).groups == {"hr", "it"}
    state = file.stat()
    file.write_text(f'hr = ["{LENA}"]\n')
    os.utime(file, ns=(state.st_atime_ns, state.st_mtime_ns))  # as long, and as old, as before
    assert (await directory.rights(said(private=True))).groups == {"it"}


@pytest.mark.parametrize("text", ["hr = [", 'hr = "test:mara"', "hr = [1]", None])
async def test_a_file_that_cannot_be_read_has_nobody_in_it(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "groups.toml"
    file.write_text(f'hr = ["{MARA}"]\n')
    directory = Directory(Groups({}, file))
    assert (await directory.rights(said(private=True))).groups == HR
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    for _ in range(2):
        assert await directory.rights(said(private=True)) == Rights(unsure=True)
    file.write_text(f'hr = ["{MARA}"]\n')
    assert await directory.rights(said(private=True)) == Rights(HR, HR)


def test_groups_of_entra_are_the_same_in_capitals_and_json_is_read_too(tmp_path: Path) -> None:
    file = tmp_path / "groups.json"
    file.write_text('{"hr": ["entra:AB-1"]}')
    assert Groups({}, file).of(MARA, ["entra:ab-1"]) == {"hr", "entra:ab-1"}


async def test_what_was_heard_is_asked_once_counts_for_a_while_and_never_longer() -> None:
    now, asked, silent = [0.0], list[float](), [False]

    async def ask() -> frozenset[str]:
        asked.append(now[0])
        if silent[0]:
            raise Unknown
        return HR

    known = Known[frozenset[str]](60, lambda: now[0])
    for now[0] in (0.0, 59.0):
        assert await known.of("mara", ask) == HR
    silent[0] = True
    for now[0] in (60.0, 65.0, 71.0):  # who did not answer is spared for ten seconds
        with pytest.raises(Unknown):
            await known.of("mara", ask)
    silent[0] = False
    for now[0] in (82.0, 83.0):
        assert await known.of("mara", ask) == HR
    known.forget()
    await known.of("mara", ask)
    assert asked == [0.0, 60.0, 71.0, 82.0, 83.0]


async def test_an_admin_has_all_processes_ask_anew(redis: Redis) -> None:
    processes = [asked(Directory(renewals=Renewals(redis)), Played()) for _ in range(2)]
    rosters = [directory._rosters["test"] for directory in processes]
    await Renewals(redis).renew()
    for directory in [*processes, *processes]:
        await directory.rights(said(private=True))
    assert [roster.forgotten for roster in rosters] == [1, 1]  # type: ignore[attr-defined]  # played
