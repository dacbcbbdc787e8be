"""A source lists what is there: folders, corpora and single files, with what is said about each document."""

import json
import os
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.intake import SUDDEN
from rag.passages import Document
from rag.sources import Entry, Failure, Source, from_addresses
from tests.rag.shelf import Shelf


def _documents(*sources: Source) -> dict[str, Document]:
    entries = [entry for source in sources for entry in source.entries()]
    return {entry.doc_id: entry.load() for entry in entries if isinstance(entry, Entry)}


def _failures(source: Source) -> dict[str, str]:
    return {entry.path: entry.reason for entry in source.entries() if isinstance(entry, Failure)}


def test_a_folder_names_documents_by_their_path(shelf: Shelf) -> None:
    shelf.put("hr/leave.md", "# Leave\n25 days")
    shelf.put(".git/notes.md", "hidden")
    shelf.put("hr/.draft.md", "hidden")
    assert list(_documents(Source(shelf.folder))) == ["hr/leave.md"]


def test_a_corpus_holds_a_document_in_each_line(shelf: Shelf) -> None:
    rows: list[dict[str, object]] = [
        {"_id": "a", "title": "Leave", "text": "---\nowner: HR\n---\n25 days"},
        {"_id": "b", "text": "secret", "groups": ["board"]},
        {"_id": "c", "title": "Organisation chart", "text": ""},
    ]
    corpus = shelf.put("corpus.jsonl", "\n".join(map(json.dumps, rows)))
    documents = _documents(Source(corpus, groups=frozenset({"staff"})))
    assert documents["a"].text == "25 days"
    assert documents["a"].owner == "HR"
    assert [documents[key].groups for key in "ab"] == [{"staff"}, {"board"}]
    assert documents["c"].text == "Organisation chart"


def test_several_paths_keep_their_names_apart(shelf: Shelf) -> None:
    shelf.put("one/leave.md", "a")
    shelf.put("two/leave.md", "b")
    shelf.put("corpus.jsonl", '{"_id": "7", "text": "c"}')
    paths = [shelf.folder / name for name in ("one", "two/leave.md", "corpus.jsonl")]
    assert list(_documents(*from_addresses(paths))) == ["one/leave.md", "leave.md", "corpus.jsonl/7"]


def test_labels_say_who_may_read_what(shelf: Shelf) -> None:
    shelf.put("_documents.toml", LABELS)
    shelf.put("travel.md", "a")
    shelf.put("hr/confidential/pay.md", "---\ngroups: [staff]\ntitle: Pay\n---\nb")
    documents = _documents(Source(shelf.folder))
    assert documents["travel.md"].groups == {"staff"}
    assert documents["travel.md"].owner == "Office"
    pay = documents["hr/confidential/pay.md"]
    assert pay.groups == {"board"}
    assert (pay.owner, pay.date, pay.title) == ("People team", "2026-03-01", "Pay")


LABELS = """
[defaults]
owner = "Office"
groups = ["staff"]
[[documents]]
match = "hr/*"
groups = ["hr"]
owner = "People team"
[[documents]]
match = "hr/confidential/*"
groups = ["board"]
date = 2026-03-01
"""


@pytest.mark.parametrize(
    "labels",
    [
        "[defaults",
        'groups = ["hr"]',
        '[defaults]\ngroup = ["hr"]',
        '[defaults]\ngroups = "hr"',
        '[[documents]]\ngroups = ["hr"]',
        '[documents]\nmatch = "*"',
        "[defaults]\ngroups = [1]",
    ],
)
def test_malformed_labels_close_the_whole_folder(shelf: Shelf, labels: str) -> None:
    shelf.put("pay.md", "secret")
    shelf.put("_documents.toml", labels)
    with pytest.raises(SourceError, match="nothing of this folder was changed"):
        list(Source(shelf.folder).entries())


def test_labels_further_down_close_the_folder_too(shelf: Shelf) -> None:
    shelf.put("hr/_documents.toml", '[defaults]\ngroups = ["hr"]')
    with pytest.raises(SourceError, match="ingest that folder by itself"):
        list(Source(shelf.folder).entries())


@pytest.mark.parametrize("inside", ["pay.md", "hr", "hr/board", "hr/board/bonus.md", "link"])
def test_nothing_is_taken_out_of_a_labelled_folder(shelf: Shelf, tmp_path: Path, inside: str) -> None:
    shelf.put("_documents.toml", '[defaults]\ngroups = ["hr"]')
    shelf.put("pay.md", "secret")
    shelf.put("hr/board/bonus.md", "secret")
    (tmp_path / "link").symlink_to(shelf.folder / "hr")
    path = tmp_path / inside if inside == "link" else shelf.folder / inside
    for groups in (frozenset[str](), frozenset({"staff"})):
        with pytest.raises(
            SourceError, match=f"labelled by {shelf.folder}/_documents.toml: ingest {shelf.folder} inst"
        ):
            list(Source(path, groups=groups).entries())
    assert _documents(Source(shelf.folder))["hr/board/bonus.md"].groups == {"hr"}


def test_labels_within_labels_are_told_to_move(shelf: Shelf) -> None:
    shelf.put("_documents.toml", "")
    shelf.put("hr/_documents.toml", "")
    with pytest.raises(SourceError, match=f"move what it says into {shelf.folder}/_documents.toml"):
        list(Source(shelf.folder).entries())


def test_an_unknown_label_is_named_beside_the_known(shelf: Shelf) -> None:
    shelf.put("_documents.toml", '[[documents]]\nmatch = "*"\ngroup = ["hr"]')
    with pytest.raises(SourceError, match="unknown field 'group'; known: title, owner, date, groups, match; nothing"):
        list(Source(shelf.folder).entries())


def test_control_characters_show_in_no_title_or_path(shelf: Shelf) -> None:
    shelf.put("pay\x1b[2J\u202egnp.md", "a")
    shelf.put("photo\n\x07.png", "b")
    shelf.put("corpus.jsonl", json.dumps({"_id": "7", "title": "Le\x1bave\nrules", "text": "c"}))
    documents = _documents(Source(shelf.folder))
    assert [document.title for document in documents.values()] == ["Leave rules", "Pay[2jgnp"]
    report = shelf.sync()
    assert report.failed == [("photo .png", "unsupported type")]


def test_a_label_that_fits_nothing_is_mentioned(shelf: Shelf) -> None:
    shelf.put("pay.md", "secret")
    shelf.put("_documents.toml", '[[documents]]\nmatch = "hr/pya.md"\ngroups = ["hr"]')
    assert _failures(Source(shelf.folder)) == {"_documents.toml": "match 'hr/pya.md' fits no document"}


def test_what_is_no_document_is_listed_with_its_reason(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "passwords.md").write_text("hunter2")
    shelf.put("photo.png", "x")
    shelf.put("log.jsonl", '{"level": "info"}\n{"level": "info"}')
    shelf.put("corpus.jsonl", '{"_id": "a", "text": "b"}\nnonsense\n{"_id": "c", "text": 7}')
    os.mkfifo(shelf.folder / "pipe.md")
    (shelf.folder / "link.md").symlink_to(tmp_path / "passwords.md")
    (shelf.folder / "away").symlink_to(tmp_path)
    failures = _failures(Source(shelf.folder))
    assert failures == {
        "corpus.jsonl:2": "not JSON",
        "corpus.jsonl:3": "_id and text must be text",
        "link.md": "a link that leads out of the folder",
        "log.jsonl:1": "no document: a record needs _id and text",
        "photo.png": "unsupported type",
        "pipe.md": "not a regular file",
    }
    assert list(_documents(Source(shelf.folder))) == ["a"]


def test_no_document_passes_for_a_file_that_came_with_a_question(shelf: Shelf) -> None:
    shelf.put("file:salaries.md", "secret")
    shelf.put("corpus.jsonl", '{"_id": "file:x", "text": "secret"}\n{"_id": "y", "text": "known"}\n')
    report = shelf.sync()
    assert report.indexed == 1
    assert dict(report.failed) == dict.fromkeys(
        ["file:salaries.md", "file:x"], "a document's name cannot begin with file:"
    )


def test_a_name_that_is_no_text_costs_only_itself(shelf: Shelf) -> None:
    shelf.put("good.md", "a")
    Path(os.fsdecode(os.fsencode(shelf.folder) + b"/b\xff.md")).write_text("b")
    assert _failures(Source(shelf.folder)) == {"b?.md": "its name is not valid text"}


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file or folder"):
        list(Source(tmp_path / "nowhere").entries())


def test_hostile_files_cost_nobody_but_themselves(shelf: Shelf) -> None:
    shelf.put("good.md", "# Good\nread")
    shelf.put("empty.md", "")
    shelf.put("two\nlines\r.md", "# Two\nread")
    shelf.put("blank.txt", " \n\t")
    (shelf.folder / "picture.md").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (shelf.folder / "page.docx").write_text("<!doctype html><title>Page</title><p>A page that calls itself Word.")
    (shelf.folder / "round.md").symlink_to("round.md")
    (shelf.folder / "again").symlink_to(".")
    (shelf.folder / "..hidden").mkdir()
    report = shelf.sync()
    assert report.indexed == 2
    reasons = dict(report.failed)
    assert reasons.keys() == {"empty.md", "blank.txt", "picture.md", "page.docx", "round.md"}
    assert reasons["empty.md"] == "empty file"
    assert reasons["round.md"].startswith("cannot be read")


async def test_a_folder_that_vanishes_midway_keeps_what_it_held(shelf: Shelf) -> None:
    for number in range(40):
        shelf.put(f"{number // 10}/{number}.md", f"# Rule {number}\nroom {number}")
    shelf.sync()
    away = shelf.folder.with_name("away")

    def vanish(name: str) -> None:
        if name == "1/15.md":
            shelf.folder.rename(away)

    with pytest.raises(SourceError, match="cannot be listed"):
        shelf.library.sync(Source(shelf.folder), vanish)
    assert shelf.library.stats().documents == 40
    assert "cannot be listed" in shelf.library.sources()[0].problem
    away.rename(shelf.folder)
    assert shelf.sync().unchanged == 40


@pytest.mark.parametrize("renew", [False, True])
def test_a_share_that_is_not_mounted_takes_nothing_away(renew: bool, shelf: Shelf) -> None:
    for number in range(SUDDEN):
        shelf.put(f"{number}.md", f"# Rule {number}\nroom {number}")
    shelf.sync()
    shelf.folder.rename(shelf.folder.with_name("away"))
    shelf.folder.mkdir()
    if renew:
        assert "could not be read" in shelf.library.renew()
    else:
        with pytest.raises(SourceError, match="it is empty, and held 10 documents"):
            shelf.sync()
    assert shelf.library.stats().documents == SUDDEN
    assert "it is empty" in shelf.library.sources()[0].problem
    shelf.put("0.md", "# Rule 0\nroom 0")
    assert shelf.sync().removed == SUDDEN - 1
