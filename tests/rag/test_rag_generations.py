"""Another index is built beside the one that answers, checked, swapped in, and left again."""

import asyncio
import json
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rag.catalog import Made
from rag.embedder import HashEmbedder
from rag.errors import LibraryError
from rag.indexing.milvus import Server
from rag.library import Library
from rag.sources import Source
from tests.rag.shelf import EITHER_INDEX, PUBLIC, Shelf

pytestmark = EITHER_INDEX
ROOT = Path(__file__).parents[2]


class OtherEmbedder(HashEmbedder):
    name = "other"


def _filled(shelf: Shelf, count: int = 12) -> None:
    for number in range(count):
        shelf.put(f"{number}.md", f"# Rule {number} of word{number}\n\nThe rule about word{number} and soup.")
    shelf.sync()


def _states(library: Library) -> list[tuple[int, str]]:
    return [(made.id, made.state) for made in library.catalog.generations()]


def _last(library: Library) -> Made:
    return library.catalog.generations()[-1]


async def test_a_fresh_generation_answers_and_the_one_before_waits(shelf: Shelf) -> None:
    _filled(shelf)
    assert shelf.library.renew() == "generation 2 answers, with 12 documents"
    assert shelf.library.current().number == 2
    assert _states(shelf.library) == [(1, "ready"), (2, "ready")]
    assert (await shelf.find("word7"))[0] == "7.md"
    assert shelf.library.roll_back() == 1
    assert shelf.library.current().number == 1
    assert (await shelf.find("word7"))[0] == "7.md"
    assert shelf.library.roll_back(2) == 2
    with pytest.raises(LibraryError, match="no such generation"):
        shelf.library.roll_back(9)


async def test_two_old_generations_are_kept(shelf: Shelf) -> None:
    _filled(shelf)
    for _ in range(4):
        shelf.library.renew()
    assert _states(shelf.library) == [(3, "ready"), (4, "ready"), (5, "ready")]
    files = {path.stem for path in (shelf.folder.parent / "data" / "generations").glob("*.db")}
    assert files == {"3", "4", "5"}


async def test_no_rollback_brings_back_what_was_deleted_changed_closed_or_gone(shelf: Shelf) -> None:
    _filled(shelf)
    shelf.put("_documents.toml", "")
    shelf.library.renew()
    shelf.library.delete("1.md")
    (shelf.folder / "2.md").unlink()
    shelf.put("3.md", "# Rule 3\n\nquite another text")
    shelf.put("_documents.toml", '[[documents]]\nmatch = "4.md"\ngroups = ["hr"]')
    shelf.sync()
    shelf.library.roll_back()
    for number in (1, 2, 3, 4):
        assert f"{number}.md" not in await shelf.find(f"word{number}"), number
        assert shelf.library.document(f"{number}.md", PUBLIC) is None
    shelf.sync()
    assert "3.md" in await shelf.find("quite another")
    assert "4.md" in await shelf.find("word4", "hr")
    assert shelf.library.stats().documents == 10


def test_what_was_deleted_is_counted_in_each_generation(shelf: Shelf) -> None:
    _filled(shelf)
    shelf.library.renew()
    assert [(gone.generation, gone.documents, gone.passages) for gone in shelf.library.delete("1.md")] == [
        (1, 1, 1),
        (2, 1, 1),
    ]


async def test_a_generation_that_lacks_documents_does_not_answer(shelf: Shelf) -> None:
    _filled(shelf)
    for number in range(3):
        (shelf.folder / f"{number}.md").write_bytes(b"")  # listed, and unreadable
    with pytest.raises(LibraryError, match="generation 2 is not used: 3 of 12 documents are missing"):
        shelf.library.renew()
    assert (shelf.library.current().number, _last(shelf.library).state) == (1, "failed")
    assert (await shelf.find("word1"))[0] == "1.md"
    assert not (shelf.folder.parent / "data" / "generations" / "2.db").exists()


def test_the_operators_canaries_must_be_found(shelf: Shelf) -> None:
    _filled(shelf)
    canaries = shelf.folder.parent / "data" / "canaries.jsonl"
    canaries.write_text(json.dumps({"text": "word3", "doc_id": "3.md"}))
    shelf.library.renew()
    canaries.write_text(json.dumps({"text": "word3", "doc_id": "nowhere.md"}))
    with pytest.raises(LibraryError, match=r"canaries.jsonl asks for it: nowhere.md"):
        shelf.library.renew()
    canaries.write_text("{}")
    with pytest.raises(LibraryError, match="cannot be read"):
        shelf.library.renew()
    assert shelf.library.current().number == 2


async def test_a_source_that_is_away_moves_over_as_it_was(shelf: Shelf) -> None:
    _filled(shelf)
    shelf.library.delete("1.md")
    shelf.folder.rename(shelf.folder.with_name("away"))
    assert "could not be read: its documents moved over" in shelf.library.renew()
    assert (await shelf.find("word7"))[0] == "7.md"
    assert shelf.library.stats().documents == 11
    shelf.folder.with_name("away").rename(shelf.folder)
    assert shelf.sync().unchanged == 11


async def test_another_embedder_answers_by_words_until_its_own_generation_is_there(
    shelf: Shelf, tmp_path: Path, milvus: Server | None
) -> None:
    _filled(shelf)
    for embedder in (OtherEmbedder(), HashEmbedder(64)):  # another name; the same name and another length
        library = Library.open(tmp_path / "data", embedder, milvus=milvus)
        other = Shelf(library, shelf.folder)
        before = library.current().number
        assert await other.find("word7") == ["7.md"]
        assert await shelf.find("word7") != []
        assert other.sync().unchanged == 12
        assert library.current().number == before + 1
        assert library.current().dimension() == embedder.dimension
        assert len(await other.find("word7")) > 1
        library.close()
    assert await shelf.find("word7") == ["7.md"]  # whoever still has the old embedder, by words


def test_two_do_not_build_at_once(shelf: Shelf, tmp_path: Path) -> None:
    _filled(shelf)
    other = Library.open(tmp_path / "data", HashEmbedder())
    with other.generations.building(), pytest.raises(LibraryError, match="another process is building"):
        shelf.library.renew()
    shelf.library.renew()
    assert other.current().number == 2
    other.close()


KILLED = """
import os, signal, sys
from contextlib import closing
from pathlib import Path
from rag.embedder import HashEmbedder
from rag.library import Library

def stop(done):
    if done == "3.md":
        os.kill(os.getpid(), signal.SIGKILL)

Library.open(Path(sys.argv[1]), HashEmbedder()).renew(stop)
"""


def _killed(data: Path) -> int:
    return subprocess.run([sys.executable, "-c", KILLED, data], check=False, cwd=ROOT).returncode


async def test_killed_amid_building_it_goes_on_from_there(shelf: Shelf) -> None:
    _filled(shelf)
    data = shelf.folder.parent / "data"
    killed = await asyncio.to_thread(_killed, data)
    assert killed == -9
    assert _states(shelf.library) == [(1, "ready"), (2, "building")]
    assert (await shelf.find("word7"))[0] == "7.md"
    shelf.library.renew()
    assert _states(shelf.library) == [(1, "ready"), (2, "ready")]
    assert shelf.library.stats().documents == 12


async def test_swapping_and_rolling_back_fail_no_question(shelf: Shelf, tmp_path: Path, milvus: Server | None) -> None:
    _filled(shelf)
    failed, asked, stop = [], [], threading.Event()
    library = Library.open(tmp_path / "data", HashEmbedder(), milvus=milvus)  # as another process would have it

    def ask() -> None:
        while not stop.is_set():
            try:
                asked.append(asyncio.run(Shelf(library, shelf.folder).find("word7"))[0])
            except LibraryError as error:
                failed.append(error)

    askers = [threading.Thread(target=ask) for _ in range(2)]
    for asker in askers:
        asker.start()
    for _ in range(4):
        shelf.library.renew()
        shelf.library.roll_back()
    stop.set()
    for asker in askers:
        asker.join()
    library.close()
    assert failed == []
    assert set(asked) == {"7.md"}


async def test_another_version_begins_its_own_and_leaves_nothing_of_the_one_before(shelf: Shelf) -> None:
    _filled(shelf)
    shelf.library.close()
    data = shelf.folder.parent / "data"
    for file, change in (
        ("catalog.db", "UPDATE generations SET make = '1'"),
        ("generations/1.db", "UPDATE meta SET value = '1' WHERE key = 'format'"),
    ):
        with closing(sqlite3.connect(data / file)) as db, db:
            db.execute(change)
    again = Shelf(Library.open(data, HashEmbedder()), shelf.folder)
    assert _states(again.library) == [(1, "failed"), (2, "ready")]
    assert not list((data / "generations").glob("1.*"))
    assert again.sync().indexed == 12
    assert (await again.find("word7"))[0] == "7.md"
    again.library.close()


def test_a_sync_under_way_during_a_swap_reaches_the_new_generation(shelf: Shelf) -> None:
    _filled(shelf)
    shelf.put("late.md", "# Late\n\nzeppelin")

    def swap(done: str) -> None:
        if done == "late.md" and shelf.library.current().number == 1:
            (shelf.folder / "5.md").unlink()
            shelf.put("5.md", "# Five\n\nairship")
            shelf.library.renew()

    shelf.put("zz.md", "# Last\n\nthe end")
    shelf.library.sync(Source(shelf.folder), swap)
    assert shelf.library.current().number == 2
    document = shelf.library.document("5.md", PUBLIC)
    assert document is not None
    assert "airship" in document.text
