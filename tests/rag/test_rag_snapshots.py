"""A restart maps what was kept and reads only what came since; what is torn, old or another's is as good as none."""

import resource
import shutil
import sqlite3
from pathlib import Path

import pytest

from rag.embedder import HashEmbedder
from rag.indexing import local_index, snapshot
from rag.library import Library
from tests.rag.shelf import Shelf


@pytest.fixture(autouse=True)
def worth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small libraries are worth a snapshot too."""
    monkeypatch.setattr(local_index, "LEAST", 5)


def _filled(shelf: Shelf, count: int = 20) -> Path:
    for number in range(count):
        shelf.put(f"{number}.md", f"# Rule {number}\n\nThe rule about word{number} and soup.")
    shelf.put("_documents.toml", '[[documents]]\nmatch = "1*"\ngroups = ["hr"]')
    shelf.sync()
    shelf.library.current().index.settle()
    return shelf.folder.parent / "data" / "generations" / "1.index"


def _reopened(shelf: Shelf) -> Shelf:
    shelf.library.close()
    return Shelf(Library.open(shelf.folder.parent / "data", HashEmbedder()), shelf.folder)


def _kept(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


async def test_a_restart_reads_only_what_came_since(shelf: Shelf) -> None:
    folder = _filled(shelf)
    assert _kept(folder) == ["20-0"]
    shelf.put("new.md", "# New\n\nzeppelin")
    (shelf.folder / "3.md").unlink()
    shelf.sync()
    again = _reopened(shelf)
    with again.library.store.writing() as db:  # what is in the snapshot is not read from the store
        db.execute("UPDATE passages SET vector = zeroblob(4), words = zeroblob(0) WHERE id <= 20")
    assert (await again.find("zeppelin"))[0] == "new.md"
    assert (await again.find("word7"))[0] == "7.md"
    assert "3.md" not in await again.find("word3")
    assert (await again.find("word12"))[0] != "12.md"
    assert (await again.find("word12", "hr"))[0] == "12.md"
    again.library.close()


async def test_a_new_snapshot_leaves_the_dead_out(shelf: Shelf) -> None:
    folder = _filled(shelf)
    for number in range(8):
        (shelf.folder / f"{number}.md").unlink()
    shelf.sync()
    shelf.library.current().index.settle()
    assert _kept(folder) == ["20-8"]
    (loaded,) = [snapshot.load(folder, shelf.library.store.identity, (20, 8))]
    assert loaded is not None
    assert sum(map(len, loaded.parts.values())) == 12
    assert (await shelf.find("word8"))[0] == "8.md"


async def test_it_writes_one_by_itself_once_much_has_changed(shelf: Shelf) -> None:
    folder = _filled(shelf)
    for number in range(20, 40):
        shelf.put(f"{number}.md", f"# Rule {number}\n\nThe rule about word{number} and soup.")
    shelf.sync()
    assert (await shelf.find("word33"))[0] == "33.md"
    shelf.library.close()  # waits for the thread
    assert _kept(folder) == ["40-0"]


@pytest.mark.parametrize("harm", ["torn", "garbled", "another's", "ahead", "half written", "gone"])
async def test_what_is_no_good_is_as_good_as_none(shelf: Shelf, harm: str) -> None:
    folder = _filled(shelf)
    kept = folder / "20-0"
    match harm:
        case "torn":
            with (kept / "vectors.npy").open("r+b") as file:
                file.truncate(1000)
        case "garbled":
            (kept / "manifest.json").write_text("{")
        case "another's":
            manifest = kept / "manifest.json"
            manifest.write_text(manifest.read_text().replace(shelf.library.store.identity, "0" * 16))
        case "ahead":
            kept.rename(folder / "900-0")
        case "half written":
            (kept / "manifest.json").unlink()
        case "gone":
            shutil.rmtree(folder)
    again = _reopened(shelf)
    assert (await again.find("word7"))[0] == "7.md"
    again.library.close()


async def test_replicas_share_one_and_write_it_once(shelf: Shelf) -> None:
    folder = _filled(shelf)
    other = Shelf(Library.open(shelf.folder.parent / "data", HashEmbedder()), shelf.folder)
    for number in range(20, 40):
        shelf.put(f"{number}.md", f"# Rule {number}\n\nThe rule about word{number} and soup.")
    shelf.sync()
    for each in (shelf, other, shelf, other):
        assert (await each.find("word33"))[0] == "33.md"
        each.library.current().index.settle()
    assert _kept(folder) == ["40-0"]
    other.library.close()


async def test_a_full_disk_costs_the_snapshot_and_nothing_else(shelf: Shelf) -> None:
    folder = _filled(shelf)
    shutil.rmtree(folder)
    folder.write_text("no folder")
    again = _reopened(shelf)
    again.library.current().index.settle()
    assert (await again.find("word7"))[0] == "7.md"
    again.library.close()


def test_the_store_is_not_rewritten_by_opening_it(shelf: Shelf) -> None:
    _filled(shelf)
    identity = shelf.library.store.identity
    path = shelf.library.store.path
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")  # an ingestion under way keeps nobody from opening
    again = _reopened(shelf)
    assert again.library.store.identity == identity
    held.close()
    again.library.close()


async def test_what_was_removed_is_out_of_files_and_memory_after_an_hour(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(shelf)
    shelf.library.renew()
    indexes = [shelf.library.folder / "generations" / f"{number}.index" for number in (1, 2)]
    assert [_kept(folder) for folder in indexes] == [["20-0"], ["20-0"]]
    assert (await shelf.find("word7"))[0] == "7.md"
    shelf.library.delete("7.md")
    shelf.library.settle()
    assert [_kept(folder) for folder in indexes] == [["20-0"], ["20-0"]]  # one at a time would cost too much
    monkeypatch.setattr(local_index, "DEAD_S", 0.0)
    shelf.library.settle()
    assert [_kept(folder) for folder in indexes] == [["20-1"], ["20-1"]]
    again = _reopened(shelf)
    assert "7.md" not in await again.find("word7")
    again.library.close()


def test_nothing_of_what_was_removed_is_in_any_file(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_index, "DEAD_S", 0.0)
    shelf.put("secret.md", "# Plan\n\nThe zeppelin lands on Tuesday.")
    _filled(shelf)
    with shelf.library.store.reading() as db:
        held = db.execute("SELECT vector FROM passages WHERE text LIKE '%zeppelin%'").fetchone()[0]
    shelf.library.renew()
    data = shelf.folder.parent / "data"

    def holding() -> set[str]:
        files = [path for path in data.rglob("*") if path.is_file()]
        return {path.name for path in files if held in (said := path.read_bytes()) or b"zeppelin" in said}

    assert "vectors.npy" in holding()
    shelf.library.delete("secret.md")
    shelf.library.settle()
    assert holding() == set()


async def test_a_library_too_small_for_snapshots_forgets_what_was_removed(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_index, "LEAST", 1000)
    monkeypatch.setattr(local_index, "DEAD_S", 0.0)
    _filled(shelf)
    assert (await shelf.find("word7"))[0] == "7.md"
    shelf.library.delete("7.md")
    assert "7.md" not in await shelf.find("word7")
    shelf.library.close()  # waits for the thread
    index = shelf.library.current().index._index  # type: ignore[attr-defined]
    assert sum(map(len, index._parts.values())) == 19
    assert not any(part.dead for part in index._parts.values())


async def test_all_may_be_removed(shelf: Shelf) -> None:
    folder = _filled(shelf)
    for path in shelf.folder.glob("*.md"):
        path.unlink()
    shelf.sync()
    assert _kept(folder) == ["20-20"]
    again = _reopened(shelf)
    assert await again.find("word7") == []
    again.put("7.md", "# Rule 7\n\nThe rule about word7 and soup.")
    again.sync()
    assert await again.find("word7") == ["7.md"]
    again.library.close()


async def test_what_a_killed_process_left_is_removed(shelf: Shelf) -> None:
    folder = _filled(shelf)
    (folder / "new").mkdir()
    (folder / "new" / "vectors.npy").write_bytes(b"half")
    shutil.rmtree(folder / "20-0")
    orphan = folder.parent / "77.db"
    orphan.write_bytes(b"the file of a generation that was dropped")
    again = _reopened(shelf)
    again.library.settle()
    assert _kept(folder) == ["20-0"]
    assert not orphan.exists()
    assert (await again.find("word7"))[0] == "7.md"
    again.library.close()


async def test_a_disk_that_fills_up_amid_a_snapshot_kills_nobody(
    shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    folder = _filled(shelf, 60)
    shutil.rmtree(folder)
    again = _reopened(shelf)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))  # the vectors alone need 60 kB
    try:
        again.library.settle()
        assert (await again.find("word7"))[0] == "7.md"
        again.library.current().index.close()  # waits for the thread
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "no snapshot of the index written" in caplog.text
    assert _kept(folder) == []
    again.library.settle()
    assert _kept(folder) == ["60-0"]
    again.library.close()
