"""Milvus finds what this process finds; processes share what one has pushed; without Milvus there are still words."""

import asyncio
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.embedder import HashEmbedder, Vectors
from rag.indexing import milvus as server_module
from rag.indexing import milvus_index
from rag.indexing.index import Index
from rag.indexing.local_index import LocalIndex
from rag.indexing.milvus import Milvus, Server
from rag.indexing.milvus_index import BATCH, MilvusIndex
from rag.indexing.part import Part
from rag.library import Library
from rag.sources import Source
from tests.milvus_server import milvus_server
from tests.rag.shelf import PUBLIC, Shelf
from tests.redis_servers import free_ports

pytestmark = pytest.mark.timeout(60)
TWO_DIGITS = 60


@pytest.fixture
def milvus(server: Server) -> Server:
    return server


@pytest.fixture
def other(shelf: Shelf, server: Server) -> Iterator[Shelf]:
    """The same data directory, as another process has it."""
    with closing(Library.open(shelf.folder.parent / "data", HashEmbedder(), milvus=server)) as library:
        yield Shelf(library, shelf.folder)


@pytest.fixture
def local(library: Library, tmp_path: Path) -> LocalIndex:
    """What this process would find by itself."""
    return LocalIndex(library.store, tmp_path / "local")


def _filled(shelf: Shelf, count: int = TWO_DIGITS) -> None:
    shelf.put("_documents.toml", '[[documents]]\nmatch = "1*"\ngroups = ["hr"]')
    for number in range(count):
        shelf.put(f"{number}.md", f"# Rule {number} of word{number}\n\nThe rule about word{number} and w{number % 7}.")
    shelf.sync()


def _vector(number: int) -> Vectors:
    vector: Vectors = HashEmbedder().queries([f"rule about word{number}"])[0]
    return vector


def _as_near(index: Index, number: int, *found: list[int]) -> None:
    """Many passages are equally near."""
    ours, theirs = (index.vectors(ids) @ _vector(number) for ids in found)
    assert np.allclose(ours, theirs, atol=1e-5)


def _index(library: Library) -> Index:
    return library.current().index


def _there(library: Library, server: Server) -> dict[str, int]:
    """How many vectors there are in each of the library's collections."""
    with closing(Milvus(server, library.catalog.store.identity)) as ours:
        return {name: ours.count(name) for name in ours.collections()}


def _never(*_given: Any) -> None:
    raise AssertionError("nothing is left to be pushed")


@pytest.mark.parametrize("groups", [PUBLIC, frozenset({"hr"})])
def test_it_finds_what_this_process_finds(
    library: Library, shelf: Shelf, local: LocalIndex, groups: frozenset[str]
) -> None:
    _filled(shelf)
    audiences = library.audiences(groups)
    for number in range(TWO_DIGITS):
        found = _index(library).near(_vector(number), audiences, 10)
        _as_near(local, number, found, local.near(_vector(number), audiences, 10))
        assert (_index(library).vectors([*found, 999]) == local.vectors([*found, 999])).all()
        question = f"rule word{number}"
        assert _index(library).said(question, audiences, 10) == local.said(question, audiences, 10)


def test_no_audience_and_no_passage_find_nothing(library: Library, shelf: Shelf) -> None:
    assert _index(library).near(_vector(1), [1], 10) == []
    assert not _index(library).vectors([1, 2]).any()
    _filled(shelf, 5)
    assert _index(library).near(_vector(1), [], 10) == []
    assert _index(library).near(_vector(1), [99], 10) == []


async def test_another_process_begins_without_pushing_or_holding_a_vector(
    shelf: Shelf, other: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(shelf)
    monkeypatch.setattr(MilvusIndex, "_add", _never)
    monkeypatch.setattr(MilvusIndex, "_remove", _never)
    monkeypatch.setattr(Part, "near", _never)
    assert (await other.find("rule word20"))[0] == "20.md"
    assert sorted(await other.find("rule word20")) == sorted(await shelf.find("rule word20"))
    other.library.current().index.settle()


async def test_what_is_not_pushed_yet_is_found_and_what_is_not_taken_out_yet_is_not(
    shelf: Shelf, other: Shelf, local: LocalIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(shelf)
    with monkeypatch.context() as patched:
        patched.setattr(MilvusIndex, "_push", lambda _index: None)
        shelf.put("99.md", "# Rule 99\n\nThe rule about word99.")
        for number in range(20, 50):  # more than a search fetches at first
            (shelf.folder / f"{number}.md").unlink()
        shelf.sync()
    audiences = other.library.audiences(PUBLIC)
    for number in (99, 5, 30):
        found = _index(other.library).near(_vector(number), audiences, 8)
        _as_near(local, number, found, local.near(_vector(number), audiences, 8))
    assert (await other.find("rule word99"))[0] == "99.md"


def test_what_is_deleted_leaves_milvus_in_every_generation(shelf: Shelf, server: Server) -> None:
    _filled(shelf, 5)
    shelf.library.renew()
    assert sorted(_there(shelf.library, server).values()) == [5, 5]
    shelf.library.delete("3.md")
    assert sorted(_there(shelf.library, server).values()) == [4, 4]
    (shelf.folder / "2.md").unlink()
    shelf.sync()
    assert sorted(_there(shelf.library, server).values()) == [3, 3]
    shelf.library.forget(shelf.folder)
    assert sorted(_there(shelf.library, server).values()) == [0, 0]


def test_a_generation_that_goes_takes_its_collection_with_it(shelf: Shelf, library: Library, server: Server) -> None:
    _filled(shelf, 5)
    for _ in range(4):
        library.renew()
    kept = {f"hausgeist_{library.catalog.store.identity}_{known.store.identity}" for known in library.generations.all()}
    assert (set(_there(library, server)), len(kept)) == (kept, 3)


def test_two_libraries_in_one_milvus_leave_each_other_alone(shelf: Shelf, server: Server, tmp_path: Path) -> None:
    _filled(shelf, 5)
    with closing(Library.open(tmp_path / "another", HashEmbedder(), milvus=server)) as another:
        another.sync(Source(shelf.folder))
        another.renew()
        shelf.library.renew()
        assert sorted(_there(another, server).values()) == [5, 5]
        assert sorted(_there(shelf.library, server).values()) == [5, 5]


HOSTILE = ('"] or id > 0 or audience in ["', "0] or audience > 0 or audience in [0", "x' || 1=1 --", "{audience}")


async def test_no_name_speaks_to_milvus(shelf: Shelf, server: Server) -> None:
    for number in range(len(HOSTILE)):
        shelf.put(f"{number}/{'a' * number} or id > 0].md", "The rule about word1.")
    rows = [
        f"[[documents]]\nmatch = '{number}/*'\ngroups = [{json.dumps(name)}]" for number, name in enumerate(HOSTILE)
    ]
    shelf.put("_documents.toml", "\n".join(rows))
    shelf.sync()
    assert await shelf.find("rule word1") == []
    for name in HOSTILE:
        assert len(await shelf.find("rule word1", name)) == 1
    for name in (*HOSTILE, "id"):
        assert await shelf.find("rule word1", f"{name} or true") == []


def test_more_than_a_batch_and_more_than_a_question_searches_itself(
    library: Library, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(milvus_index, "TAIL", 10)
    lines = (f'{{"_id": "r{number}", "text": "about topic{number}"}}\n' for number in range(BATCH + 20))
    (tmp_path / "many.jsonl").write_text("".join(lines))
    with closing(Library.open(tmp_path / "data", HashEmbedder())) as before:  # as it was without Milvus
        before.sync(Source(tmp_path / "many.jsonl"))
    audiences = library.audiences(PUBLIC)
    assert len(_index(library).near(_vector(1), audiences, 50)) == 10
    assert _in_the_end(lambda: len(_index(library).near(_vector(1), audiences, 2 * BATCH)) == BATCH + 20)
    assert list(_there(library, server).values()) == [BATCH + 20]


def _in_the_end(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + 20
    while not true() and time.monotonic() < until:
        time.sleep(0.1)
    return true()


async def test_without_milvus_words_find_and_deleted_is_gone(
    shelf: Shelf, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _filled(shelf)
    nobody = Server(f"http://127.0.0.1:{free_ports(1)[0]}", "root:secret")
    with closing(Library.open(tmp_path / "data", HashEmbedder(), milvus=nobody)) as library:
        away = Shelf(library, shelf.folder)
        assert (await away.find("word20"))[0] == "20.md"
        shelf.put("zeppelin.md", "# Zeppelin\n\nairship")
        assert away.sync().indexed == 1
        assert (await away.find("airship"))[0] == "zeppelin.md"
        library.delete("20.md")
        assert "20.md" not in await away.find("word20")
        assert library.renew().startswith("generation 2 answers")
        assert (await away.find("word21"))[0] == "21.md"
    assert "does not answer as it should" in str([record.__dict__.get("reason") for record in caplog.records])
    assert "secret" not in caplog.text + repr(nobody)
    assert (await shelf.find("word21"))[0] == "21.md"  # whoever still reaches the other one


def test_a_milvus_that_stops_and_comes_back_empty_is_filled_again(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "PAUSE_S", 0.2)
    folder, port = tmp_path / "milvus", free_ports(1)[0]
    with milvus_server(folder, port) as server:
        library = Library.open(tmp_path / "own", HashEmbedder(), milvus=server)
        own = Shelf(library, shelf.folder)
        _filled(own)
        before = _index(library).near(_vector(20), library.audiences(PUBLIC), 5)
    assert asyncio.run(own.find("word20"))[0] == "20.md"
    shutil.rmtree(folder)
    with milvus_server(folder, port):
        assert _in_the_end(lambda: _index(library).near(_vector(20), library.audiences(PUBLIC), 5) == before)
        assert list(_there(library, server).values()) == [TWO_DIGITS]
    library.close()
