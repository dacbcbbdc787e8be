"""Files that admins send in private become documents; who sends one is told what was read, or why not."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.events import File, Person, Turn
from bot.files import LARGEST_KEPT, NotFetched
from bot.people import Directory
from bot.uploads import Wish, wish
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, turn
from tests.bot.knowing import Knowing
from tests.bot.test_erasure import LENA, MARA, said
from tests.bot.test_worker import Platform, working

FILES = {"dogs.md": b"# Dogs\nDogs may come on Fridays.", "empty.txt": b"", "locked.docx": b"PK\x03\x04 no zip"}


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    directory = Directory({"hr": frozenset({MARA.id})}, admins=[MARA.id])
    return House(redis, guard, library, Knowing(), directory)


@pytest.fixture
async def platform(house: House) -> AsyncIterator[Platform]:
    async def fetch(file: File, turn: Turn) -> bytes:
        assert turn.errand == "add-doc"
        if file.name not in FILES:
            raise NotFetched("gone")
        return FILES[file.name]

    platform = Platform()
    house.dispatcher.register("test", platform.open, fetch=fetch)
    async with working(house):
        yield platform


def files(*names: str, size: int = 0) -> tuple[File, ...]:
    return tuple(File(name, size=size) for name in names)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Wish()),
        ("house", Wish("house")),
        ("house for hr, HR team", Wish("house", frozenset({"hr", "HR team"}))),
        ("for hr", Wish("default", frozenset({"hr"}))),
        ("For entra:1-2", Wish("default", frozenset({"entra:1-2"}))),
        ("house for", None),
        ("for", None),
        ("for ,", None),
        ("house hr", None),
        ("these files are for hr", None),
    ],
)
def test_what_is_wished(text: str, meant: Wish | None) -> None:
    assert wish(text) == meant


async def test_each_file_is_taken_in_or_it_is_said_why_not(house: House, platform: Platform) -> None:
    sent = files("dogs.md", "empty.txt", "photo.png", "away.md", "locked.docx", "one-too-many.md")
    told = (await said(house, platform, "add-doc house", person=MARA, files=sent)).text.splitlines()
    assert told[0] == "- dogs.md: taken in as `uploads/house/dogs.md`, 32 characters, for everybody."
    for line, words in zip(told[1:], ("is empty", "pictures", "not there", "locked.docx: ", "at most"), strict=True):
        assert words in line
    assert (await house.ask("When may dogs come?")).answer.read == ("uploads/house/dogs.md",)


async def test_for_whom_and_in_place_of_what_is_said(house: House, platform: Platform) -> None:
    await said(house, platform, "add-doc", person=MARA, files=files("dogs.md"))
    answer = await said(house, platform, "/add-doc default for hr", 2, person=MARA, files=files("dogs.md"))
    assert "for `hr`. It takes the place of the one before." in answer.text
    assert house.library.document("uploads/default/dogs.md", frozenset()) is None
    assert house.library.document("uploads/default/dogs.md", frozenset({"hr"}))


async def test_what_is_declined_before_anything_is_fetched(house: House, platform: Platform) -> None:
    async def told(text: str, **changes: object) -> str:
        sent = turn(text, message_id=f"{text}{changes}", event_id=f"{text}{changes}", **changes)
        return (await house.dispatcher.accept(sent)).note

    assert "Only admins" in await told("add-doc", person=LENA, files=files("dogs.md"))
    assert "in private" in await told("add-doc", person=MARA, files=files("dogs.md"), private=False)
    assert "in the same message" in await told("add-doc house", person=MARA)
    assert "in the same message" in await told("add-doc house for", person=MARA, files=files("dogs.md"))
    await asyncio.sleep(0)
    assert len(house.library.sources()) == 1


async def test_one_that_is_too_large_is_named_with_the_limit(house: House, platform: Platform) -> None:
    sent = files("dogs.md", size=LARGEST_KEPT + 1)
    assert "larger than 25 MB" in (await said(house, platform, "add-doc", person=MARA, files=sent)).text


async def test_deleted_it_goes_with_its_file(house: House, platform: Platform) -> None:
    await said(house, platform, "add-doc", person=MARA, files=files("dogs.md"))
    report = await said(house, platform, "delete-doc uploads/default/dogs.md", 2, person=MARA)
    assert "1 × file that was sent to me" in report.text
    assert "the file at its source" not in report.text
    for known in house.library.sources():
        house.library.sync(known.source)
    assert house.library.document("uploads/default/dogs.md", frozenset()) is None


async def test_done_twice_it_is_the_same(house: House, platform: Platform) -> None:
    errand = turn("", errand="add-doc", files=files("dogs.md"), person=Person("test:mara"))

    async def fetch(file: File, turn: Turn) -> bytes:
        return FILES["dogs.md"]

    first, second = await asyncio.gather(house.errands.run(errand, fetch), house.errands.run(errand, fetch))
    assert all("taken in as `uploads/default/dogs.md`" in told for told in (first, second))
    assert [known.documents for known in house.library.sources()] == [3, 1]
