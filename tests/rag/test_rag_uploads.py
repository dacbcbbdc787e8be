"""Files that people hand to us are kept, found, replaced and deleted; a folder of them is a source like any other."""

import os
from pathlib import Path

import pytest

from rag.deletion import Deletion
from rag.errors import LibraryError, Unreadable
from rag.library import Library
from rag.uploads import FOLDER, Uploads
from tests.rag.files import write_pages
from tests.rag.shelf import PUBLIC, Shelf

STAFF = frozenset({"staff"})


@pytest.fixture
def uploads(library: Library) -> Uploads:
    return Uploads(library)


async def test_a_file_is_kept_and_found_and_its_older_version_is_not(uploads: Uploads, shelf: Shelf) -> None:
    taken = await uploads.add("Dogs.md", b"# Dogs\nDogs may come on Fridays.", "house", PUBLIC)
    assert (taken.doc_id, taken.title, taken.readers, taken.replaced) == (
        "uploads/house/Dogs.md",
        "Dogs",
        PUBLIC,
        False,
    )
    assert await shelf.find("dogs fridays") == [taken.doc_id]
    again = await uploads.add("Dogs.md", b"# Dogs\nDogs may come on Mondays.", "house", PUBLIC)
    assert again.replaced
    document = shelf.library.document(taken.doc_id, PUBLIC)
    assert document
    assert "Mondays" in document.text
    (known,) = shelf.library.sources()
    assert (known.source.collection, known.documents) == ("house", 1)
    assert shelf.library.sync(known.source).unchanged == 1
    assert [path.stat().st_mode & 0o077 for path in (shelf.library.folder / FOLDER).rglob("*.md")] == [0]


async def test_who_may_read_it_is_what_was_said_last(uploads: Uploads, shelf: Shelf) -> None:
    await uploads.add("pay.md", b"Level 5 gets 100.", "default", PUBLIC)
    await uploads.add("lunch.md", b"Lunch at noon.", "default", PUBLIC)
    taken = await uploads.add("pay.md", b"Level 5 gets 120.", "default", STAFF)
    assert (taken.readers, taken.replaced) == (STAFF, True)
    assert "uploads/default/pay.md" not in await shelf.find("level 5")
    assert (await shelf.find("level 5", "staff"))[0] == taken.doc_id
    for known in shelf.library.sources():
        shelf.library.sync(known.source)
    assert shelf.library.document(taken.doc_id, PUBLIC) is None
    assert shelf.library.document("uploads/default/lunch.md", PUBLIC)


async def test_what_cannot_be_read_leaves_the_older_version(uploads: Uploads, shelf: Shelf) -> None:
    taken = await uploads.add("rules.txt", b"Be kind.", "default", PUBLIC)
    for data, reason in ((b"", "empty file"), (b"\0\1", "not a text file"), (b" \n", "no text found")):
        with pytest.raises(Unreadable, match=reason):
            await uploads.add("rules.txt", data, "default", PUBLIC)
    for name in ("_documents.toml", "run.exe", "corpus.jsonl", "all.zip", ""):
        with pytest.raises(Unreadable, match="unsupported type"):
            await uploads.add(name, b"[defaults]\ngroups = []", "default", PUBLIC)
    kept = [path.name for path in (shelf.library.folder / FOLDER).rglob("*") if path.is_file() and path.name != "lock"]
    assert kept == ["rules.txt"]
    assert shelf.library.document(taken.doc_id, PUBLIC)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../up.md", "up.md"),
        ("/etc/passwd.txt", "passwd.txt"),
        ("new\nline\x1b.md", "new line.md"),
        (".~$hidden.md", "hidden.md"),
        (f"{'ä' * 300}.md", f"{'ä' * 50}.md"),
        ("Ma\u0308rz.md", "März.md"),
    ],
)
async def test_names_stay_inside(name: str, kept: str, uploads: Uploads, shelf: Shelf) -> None:
    taken = await uploads.add(name, b"some text", "default", PUBLIC)
    assert taken.doc_id == f"uploads/default/{kept}"
    assert [path.name for path in (shelf.library.folder / FOLDER / "default").iterdir()] == [kept]
    assert uploads.discard(taken.doc_id) == 1


@pytest.mark.parametrize("collection", ["..", ".hidden", "a/b", "", "x" * 65])
async def test_collections_that_are_none(collection: str, uploads: Uploads, shelf: Shelf) -> None:
    with pytest.raises(Unreadable, match="name of a collection"):
        await uploads.add("a.md", b"some text", collection, PUBLIC)
    assert shelf.library.sources() == []


async def test_deleted_it_is_gone_with_its_file_until_it_is_sent_again(uploads: Uploads, shelf: Shelf) -> None:
    taken = await uploads.add("dogs.md", b"Dogs on Fridays.", "default", PUBLIC)
    deletion = Deletion(shelf.library)
    assert await deletion.bury(taken.doc_id, "ann")
    counts = await deletion.remove(taken.doc_id, "ann")
    assert counts == {"documents": 1, "passages": 1, "copies": 1}
    assert list((shelf.library.folder / FOLDER / "default").iterdir()) == []
    (known,) = shelf.library.sources()
    (Path(known.source.root) / "dogs.md").write_text("Dogs on Fridays.")  # as a backup would
    assert shelf.library.sync(known.source).withheld == 1
    assert await shelf.find("dogs") == []
    await uploads.add("dogs.md", b"Dogs on Mondays.", "default", PUBLIC)
    assert await shelf.find("dogs") == [taken.doc_id]


async def test_only_our_own_files_are_deleted(uploads: Uploads, shelf: Shelf) -> None:
    shelf.put("dogs.md", "Dogs on Fridays.")
    shelf.sync()
    assert await Deletion(shelf.library).remove("dogs.md", "ann") == {"documents": 1, "passages": 1}
    assert (shelf.folder / "dogs.md").is_file()
    await uploads.add("cats.md", b"Cats never.", "default", PUBLIC)
    for doc_id in ("uploads/default/../default/cats.md", "uploads/default/", "uploads/default/..", "cats.md"):
        assert uploads.discard(doc_id) == 0


async def test_what_is_said_of_a_file_that_was_read_in_part(uploads: Uploads, tmp_path: Path) -> None:
    write_pages(tmp_path / "half.pdf", ["Keep your badge visible.", ""])
    taken = await uploads.add("half.pdf", (tmp_path / "half.pdf").read_bytes(), "default", PUBLIC)
    assert taken.characters > 20
    assert taken.remark == "no text on page 2 of 2: scanned, or pictures"


async def test_a_place_that_cannot_be_written_is_one_clear_error(uploads: Uploads, shelf: Shelf) -> None:
    (shelf.library.folder / FOLDER).write_text("in the way")
    with pytest.raises(LibraryError, match="cannot be written"):
        await uploads.add("a.md", b"some text", "default", PUBLIC)


async def test_an_upload_that_a_crash_broke_off_leaves_nothing(uploads: Uploads, shelf: Shelf) -> None:
    left, running = (shelf.library.folder / FOLDER / name for name in (".broken", ".running"))
    for folder in (left, running):
        folder.mkdir(parents=True)
        (folder / "pay.md").write_text("secret")
    os.utime(left, (1, 1))
    await uploads.add("dogs.md", b"Dogs on Fridays.", "default", PUBLIC)
    assert (left.exists(), running.exists()) == (False, True)
    assert shelf.library.stats().documents == 1
