"""The library follows its sources: what changes there changes here, and nothing else is done twice."""

import asyncio
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from rag.embedder import HashEmbedder, Vectors
from rag.errors import LibraryError, SourceError
from rag.generation import Generation
from rag.intake import Intake
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Reach, Source
from tests.rag.shelf import EITHER_INDEX, PUBLIC, Shelf


class WatchedEmbedder(HashEmbedder):
    """Remembers the passages it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.embedded: list[str] = []

    def passages(self, texts: list[str]) -> Vectors:
        self.embedded += texts
        return super().passages(texts)


@EITHER_INDEX
async def test_a_document_is_new_changed_and_gone(shelf: Shelf) -> None:
    shelf.put("leave.md", "# Leave\nEverybody gets 25 days of holidays.")
    shelf.put("travel.md", "# Travel\nBook trains early.")
    assert (shelf.sync().indexed, await shelf.find("holidays")) == (2, ["leave.md", "travel.md"])

    shelf.put("leave.md", "# Leave\nSabbaticals after five years.")
    report = shelf.sync()
    assert (report.indexed, report.unchanged, report.removed, report.failed) == (1, 1, 0, [])
    assert (await shelf.find("sabbaticals"))[0] == "leave.md"

    (shelf.folder / "leave.md").unlink()
    assert shelf.sync().removed == 1
    assert await shelf.find("sabbaticals") == ["travel.md"]
    assert shelf.library.document("leave.md", PUBLIC) is None


def test_only_what_is_new_is_embedded(shelf: Shelf, tmp_path: Path) -> None:
    embedder = WatchedEmbedder()
    library = Library.open(tmp_path / "counted", embedder)
    shelf.put("leave.md", "# Leave\n25 days")
    library.sync(Source(shelf.folder))
    (shelf.folder / "leave.md").rename(shelf.folder / "holidays.md")
    library.sync(Source(shelf.folder, groups=frozenset({"staff"})))
    assert embedder.embedded == ["Leave\n25 days"]
    assert library.document("leave.md", PUBLIC) is None
    moved = library.document("holidays.md", frozenset({"staff"}))
    assert moved is not None
    assert moved.text == "# Leave\n25 days"
    library.close()


async def test_a_restart_loads_and_embeds_nothing(shelf: Shelf) -> None:
    shelf.put("leave.md", "# Leave\n25 days of holidays")
    shelf.sync()
    shelf.library.close()
    embedder = WatchedEmbedder()
    library = Library.open(shelf.folder.parent / "data", embedder)
    assert await Shelf(library, shelf.folder).find("holidays") == ["leave.md"]
    assert library.sync(library.sources()[0].source).unchanged == 1
    assert not [text for text in embedder.embedded if "Leave" in text]
    library.close()


WRITER = """
import sys
from pathlib import Path
from rag.embedder import HashEmbedder
from rag.generation import Generation
from rag.intake import Intake
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Reach, Source

Library.open(Path(sys.argv[1]), HashEmbedder()).sync(Source(Path(sys.argv[2])))
"""


def _in_another_process(arguments: list[Path]) -> None:
    subprocess.run([sys.executable, "-c", WRITER, *arguments], check=True, cwd=Path(__file__).parents[2])


@EITHER_INDEX
async def test_what_another_process_writes_is_found_at_once(shelf: Shelf) -> None:
    shelf.put("leave.md", "# Leave\n25 days")
    shelf.put("travel.md", "# Travel\nBook early")
    shelf.sync()
    assert set(await shelf.find("zeppelin")) == {"leave.md", "travel.md"}
    shelf.put("zeppelin.md", "# Zeppelin\nNot allowed")
    (shelf.folder / "travel.md").unlink()
    await asyncio.to_thread(_in_another_process, [shelf.folder.parent / "data", shelf.folder])
    assert await shelf.find("zeppelin") == ["zeppelin.md", "leave.md"]


@EITHER_INDEX
async def test_two_syncs_at_once_end_as_one_would(shelf: Shelf) -> None:
    for number in range(30):
        shelf.put(f"{number}.md", f"# Document {number}\nword{number}")
    syncs = [threading.Thread(target=shelf.sync) for _ in range(3)]
    for sync in syncs:
        sync.start()
    for sync in syncs:
        sync.join()
    stats = shelf.library.stats()
    assert (stats.documents, stats.passages, stats.sources) == (30, 30, 1)
    assert (await shelf.find("word17"))[0] == "17.md"
    assert shelf.sync().unchanged == 30


async def test_stopped_half_way_it_goes_on_where_it_was(shelf: Shelf) -> None:
    for number in range(5):
        shelf.put(f"{number}.md", f"text {number}")

    def stop(done: str) -> None:
        if done == "2.md":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelf.library.sync(Source(shelf.folder), stop)
    assert sorted(await shelf.find("text")) == ["0.md", "1.md", "2.md"]
    report = shelf.sync()
    assert (report.indexed, report.unchanged) == (2, 3)


async def test_what_becomes_unreadable_for_good_goes_and_for_a_while_stays(shelf: Shelf) -> None:
    shelf.put("broken.csv", "leave,25\n")
    shelf.put("locked.md", "holidays")
    shelf.sync()
    (shelf.folder / "broken.csv").write_bytes(b"")
    (shelf.folder / "locked.md").unlink()
    (shelf.folder / "locked.md").symlink_to("locked.md")  # reading it fails, whoever runs this test
    report = shelf.sync()
    assert [path for path, _ in report.failed] == ["broken.csv", "locked.md"]
    assert await shelf.find("holidays") == ["locked.md"]


async def test_labels_that_break_change_nothing(shelf: Shelf) -> None:
    shelf.put("_documents.toml", '[defaults]\ngroups = ["hr"]')
    shelf.put("pay.md", "salaries")
    shelf.sync()
    shelf.put("_documents.toml", '[defaults]\ngroups = ["hr"')
    with pytest.raises(SourceError):
        shelf.sync()
    assert await shelf.find("salaries") == []
    assert await shelf.find("salaries", "hr") == ["pay.md"]


@EITHER_INDEX
async def test_a_deleted_document_is_gone_from_the_next_question_on(shelf: Shelf) -> None:
    shelf.put("leave.md", "holidays")
    shelf.sync()
    assert await shelf.find("holidays") == ["leave.md"]
    (removed,) = shelf.library.delete("leave.md")
    assert (removed.documents, removed.passages) == (1, 1)
    assert shelf.library.delete("leave.md") == []
    assert await shelf.find("holidays") == []


@EITHER_INDEX
async def test_deleted_stays_deleted_whatever_the_source_holds_until_it_is_restored(shelf: Shelf) -> None:
    shelf.put("leave.md", "holidays")
    shelf.sync()
    shelf.library.delete("leave.md", "Ada")
    shelf.put("leave.md", "holidays, changed")
    report = shelf.sync()
    assert (report.indexed, report.withheld, report.failed) == (0, 1, [])
    assert await shelf.find("holidays") == []
    assert shelf.library.document("leave.md", PUBLIC) is None

    assert shelf.library.restore("leave.md")
    assert not shelf.library.restore("leave.md")
    assert shelf.sync().indexed == 1
    assert await shelf.find("holidays") == ["leave.md"]


@EITHER_INDEX
async def test_a_document_deleted_while_it_is_read_does_not_come_in(shelf: Shelf) -> None:
    for name in ("leave.md", "travel.md"):
        shelf.put(name, "holidays")
    shelf.sync()
    shelf.put("leave.md", "holidays once more")

    def delete(done: str) -> None:
        if done == "leave.md":
            shelf.library.catalog.bury(["leave.md"], "Ada")

    shelf.library.sync(Source(shelf.folder), delete)
    assert await shelf.find("holidays") == ["travel.md"]
    assert shelf.library.stats().documents == 1


@EITHER_INDEX
async def test_a_forgotten_source_takes_its_documents_with_it(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("leave.md", "holidays")
    shelf.sync()
    shelf.library.sync(Source(shelf.folder, "archive"))
    other = shelf.put("../other/travel.md", "holidays abroad")
    shelf.library.sync(Source(other.parent))
    assert set(await shelf.find("holidays")) == {"leave.md", "travel.md"}

    assert shelf.library.forget(shelf.folder / ".." / "docs") == 2
    assert shelf.library.forget(shelf.folder) == 0
    assert await shelf.find("holidays") == ["travel.md"]
    assert [known.source.address for known in shelf.library.sources()] == [tmp_path / "other"]
    stats = shelf.library.stats()
    assert (stats.documents, stats.passages) == (1, 1)


def test_a_source_tells_how_many_documents_are_whose(shelf: Shelf) -> None:
    shelf.put("_documents.toml", '[[documents]]\nmatch = "hr/*"\ngroups = ["hr", "board"]')
    for name in ("hr/pay.md", "hr/bonus.md", "leave.md"):
        shelf.put(name, "text")
    shelf.sync()
    (known,) = shelf.library.sources()
    assert known.readers == (("board, hr", 2), ("everybody", 1))


def test_sources_and_stats_tell_what_was_taken_in(shelf: Shelf) -> None:
    assert shelf.library.stats().last_sync == ""
    shelf.put("leave.md", "holidays")
    source = Source(shelf.folder, "handbook", frozenset({"staff"}), "docs/")
    shelf.library.sync(source)
    (known,) = shelf.library.sources()
    assert (known.source, known.documents) == (source, 1)
    assert shelf.library.stats().last_sync == known.last_sync != ""


def test_a_missing_source_takes_nothing_away(shelf: Shelf) -> None:
    shelf.put("leave.md", "holidays")
    shelf.sync()
    shelf.folder.rename(shelf.folder.with_name("unmounted"))
    with pytest.raises(SourceError):
        shelf.sync()
    assert shelf.library.stats().documents == 1


def test_a_place_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LibraryError, match="cannot be created"):
        Library.open(tmp_path / "file" / "data", HashEmbedder())
    (tmp_path / "catalog.db").write_bytes(b"noise " * 1000)
    with pytest.raises(LibraryError, match="not a database"):
        Library.open(tmp_path, HashEmbedder())


def test_a_full_disk_is_one_clear_error_and_harms_nothing(shelf: Shelf) -> None:
    shelf.put("leave.md", "holidays")
    shelf.sync()
    shelf.put("long.md", "word " * 200_000)
    with shelf.library.store.reading() as db:
        full = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {full + 5}")
    with pytest.raises(LibraryError, match="full"):
        shelf.sync()
    assert shelf.library.stats().documents == 1


def test_the_file_is_for_its_owner_only(shelf: Shelf) -> None:
    shelf.sync() if shelf.put("a.md", "a") else None
    made = list((shelf.folder.parent / "data").rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in made} == {0}
    databases = [path for path in made if path.suffix == ".db"]
    assert len(databases) == 2
    for path in databases:
        assert sqlite3.connect(path).execute("PRAGMA integrity_check").fetchone() == ("ok",)


class _Failing(HashEmbedder):
    """Counts what it embeds, and fails once that is as many as it may."""

    def __init__(self, may: int = 10**9) -> None:
        super().__init__()
        self.embedded, self.may = 0, may

    def passages(self, texts: list[str]) -> Vectors:
        self.embedded += len(texts)
        if self.embedded > self.may:
            raise LibraryError("the embedding server is away")
        return super().passages(texts)


def _fill(folder: Path, documents: int) -> Source:
    folder.mkdir()
    for number in range(documents):
        (folder / f"{number}.md").write_text(f"# Rule {number}\n\nRule number {number} is about case {number}.")
    return Source(folder)


def test_a_sync_that_broke_off_goes_on_from_there(tmp_path: Path) -> None:
    source = _fill(tmp_path / "docs", 1000)
    broken = Library.open(tmp_path / "index", _Failing(600))
    with pytest.raises(LibraryError, match="is away"):
        broken.sync(source)
    broken.close()
    whole = Library.open(tmp_path / "index", embedder := _Failing())
    report = whole.sync(source)
    assert report.unchanged == 512  # two batches of 256
    assert report.indexed == embedder.embedded == 488
    assert whole.stats().documents == 1000


def test_a_long_document_keeps_what_was_embedded_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    rows = "\n".join(f"| {number} | {'word ' * 150}{number} |" for number in range(1000))
    (folder / "table.md").write_text(f"| Number | Text |\n| --- | --- |\n{rows}")
    broken = Library.open(tmp_path / "index", _Failing(700))
    with pytest.raises(LibraryError, match="is away"):
        broken.sync(Source(folder))
    assert broken.stats().passages == 0
    broken.close()
    whole = Library.open(tmp_path / "index", embedder := _Failing())
    whole.sync(Source(folder))
    assert whole.stats().passages == 1000
    assert embedder.embedded == 1000 - 512
    with whole.store.reading() as db:
        assert not db.execute("SELECT * FROM early").fetchall()


def test_what_was_embedded_of_a_document_that_never_came_does_not_stay(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "long.md").write_text("\n\n".join(f"# Part {n}\n\n{'word ' * 150}{n}" for n in range(700)))
    broken = Library.open(tmp_path / "index", _Failing(600))
    with pytest.raises(LibraryError, match="is away"):
        broken.sync(Source(folder))
    with broken.store.reading() as db:
        assert db.execute("SELECT count(*) FROM early").fetchone()[0] == 512
    (folder / "long.md").unlink()
    broken.sync(Source(folder))
    with broken.store.reading() as db:
        assert not db.execute("SELECT * FROM early").fetchall()
    broken.close()


def test_copies_are_embedded_once_whatever_their_layout(library: Library, shelf: Shelf) -> None:
    shelf.put("a.md", "# Leave\n\nEverybody has **25 days** of leave.\n\n- Ask early.")
    shelf.put("b.md", "# Leave\n\nEverybody has 25 days\nof leave.\n\n- ask early.")
    shelf.put("c.md", "# Leave\n\nEverybody has 26 days of leave.\n\n- Ask early.")
    shelf.sync()
    with library.store.reading() as db:
        rows = db.execute("SELECT chunk_id, digest, fold FROM passages ORDER BY chunk_id").fetchall()
    first, copy, other = rows
    assert (first["digest"], first["fold"]) == (copy["digest"], copy["fold"])
    assert other["digest"] != first["digest"]
    assert other["fold"] != first["fold"]


async def test_a_passage_knows_its_page(library: Library, shelf: Shelf) -> None:
    filler = "Nothing to see on this page. " * 30
    shelf.put("book.txt", f"{filler}\f{filler}\fThe parrot lives in the canteen.")
    shelf.sync()
    hits = await Retriever(library).search("parrot canteen", frozenset())
    assert hits[0].passage.page == 3


def test_another_generation_embeds_nothing_again(tmp_path: Path) -> None:
    source = _fill(tmp_path / "docs", 300)
    library = Library.open(tmp_path / "index", embedder := _Failing())
    library.sync(source)
    beside = Generation(2, tmp_path / "index" / "generations" / "2.db", embedder.name, embedder.name)
    report = Intake(library.catalog, beside, embedder, source, [library.current()]).run(Reach())
    assert (report.indexed, embedder.embedded) == (300, 300)
    assert beside.size() == library.current().size()


def test_an_index_of_before_hands_over_its_sources(shelf: Shelf, tmp_path: Path) -> None:
    shelf.put("leave.md", "holidays")
    (tmp_path / "old").mkdir()
    with closing(sqlite3.connect(tmp_path / "old" / "knowledge.db")) as db:
        db.execute("CREATE TABLE sources (id INTEGER PRIMARY KEY, path, collection, groups, prefix, synced)")
        db.execute("INSERT INTO sources VALUES (1, ?, 'handbook', '[\"hr\"]', 'docs/', '')", (str(shelf.folder),))
        db.commit()
    library = Library.open(tmp_path / "old", HashEmbedder())
    (known,) = library.sources()
    assert known.source == Source(shelf.folder, "handbook", frozenset({"hr"}), "docs/")
    assert library.sync(known.source).indexed == 1
    library.close()
    assert not (tmp_path / "old" / "knowledge.db").exists()


def test_an_index_of_before_that_is_broken_keeps_nobody_out(tmp_path: Path) -> None:
    (tmp_path / "knowledge.db").write_bytes(b"noise" * 1000)
    library = Library.open(tmp_path, HashEmbedder())
    assert library.stats().documents == 0
    library.close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from rag.embedder import HashEmbedder
from rag.library import Library
from rag.sources import Source

def progress(name: str) -> None:
    seen.append(name)
    if len(seen) == 700:
        os.kill(os.getpid(), signal.SIGKILL)

seen = []
Library.open(Path(sys.argv[1]), HashEmbedder()).sync(Source(Path(sys.argv[2])), progress)
"""


def test_killed_in_the_middle_it_goes_on_from_there(tmp_path: Path) -> None:
    source = _fill(tmp_path / "docs", 1000)
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "index"), str(tmp_path / "docs")]
    assert subprocess.run(command, check=False).returncode == -9
    whole = Library.open(tmp_path / "index", embedder := _Failing())
    report = whole.sync(source)
    assert report.unchanged in (256, 512)  # the second batch may have been on its way
    assert report.unchanged + embedder.embedded == whole.stats().documents == 1000


def test_of_what_was_deleted_no_file_keeps_the_text(shelf: Shelf) -> None:
    for number in range(3):
        shelf.put(f"{number}.md", f"# Rule {number}\nThe secret is tangerine{number}.")
    shelf.sync()

    def on_disk(word: str) -> bool:
        files = (file for file in shelf.library.folder.rglob("*") if file.is_file())
        return any(word.encode() in file.read_bytes() for file in files)

    assert on_disk("tangerine0") and on_disk("tangerine1")
    shelf.library.delete("0.md")
    (shelf.folder / "1.md").unlink()
    shelf.sync()
    assert [on_disk(f"tangerine{number}") for number in range(3)] == [False, False, True]
