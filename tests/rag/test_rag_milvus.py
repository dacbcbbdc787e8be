"""Vectors in Milvus find what vectors in memory find; replicas share them, and nothing is pushed twice."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.embedder import HashEmbedder, Vectors
from rag.errors import LibraryError
from rag.library import Library
from rag.milvus import BATCH, Milvus, MilvusVectors
from rag.sources import Source
from tests.rag.shelf import Shelf
from tests.redis_servers import free_ports

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Milvus]:
    """A Milvus of our own on loopback."""
    folder, port = tmp_path_factory.mktemp("milvus"), free_ports(1)[0]
    program = Path(sys.executable).with_name("milvus-lite")
    command = [str(program), "server", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not _listens(port):
            assert process.poll() is None
            time.sleep(0.05)
        yield Milvus(f"http://127.0.0.1:{port}")
        process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0


def vectors(library: Library, server: Milvus, name: str) -> MilvusVectors:
    return server.vectors(library.store, name)


def wanted(number: int) -> Vectors:
    vector: Vectors = HashEmbedder().queries([f"document about topic{number}"])[0]
    return vector


def filled(shelf: Shelf, count: int) -> None:
    for number in range(count):
        shelf.put(f"d{number}.md", f"# D{number}\n\nA document about topic{number} and topic{number % 7}.\n")
    shelf.sync()


def test_milvus_finds_what_memory_finds(library: Library, shelf: Shelf, server: Milvus) -> None:
    filled(shelf, 60)
    shared = vectors(library, server, "same")
    audiences = library.audiences(frozenset())
    index = library.current().index
    for number in range(0, 60, 7):
        mine, theirs = index.near(wanted(number), audiences, 10), shared.search(wanted(number), audiences, 10)
        near, nearest = (index.vectors(ids) @ wanted(number) for ids in (theirs, mine))
        assert np.allclose(near, nearest, atol=1e-5)  # many are equally near
    shared.close()


def test_what_changes_and_goes_is_followed(library: Library, shelf: Shelf, server: Milvus) -> None:
    filled(shelf, 5)
    shared = vectors(library, server, "changes")
    audiences = library.audiences(frozenset())
    assert len(shared.search(wanted(0), audiences, 10)) == 5
    library.delete("d3.md")
    assert len(shared.search(wanted(3), audiences, 10)) == 4
    shelf.put("d9.md", "# D9\n\nA document about topic9.\n")
    shelf.sync()
    assert len(shared.search(wanted(9), audiences, 10)) == 5
    shared.close()


def test_a_forbidden_audience_is_never_searched(library: Library, tmp_path: Path, server: Milvus) -> None:
    for group in ("hr", "it"):
        folder = tmp_path / group
        folder.mkdir()
        (folder / f"{group}.md").write_text(f"# {group}\n\nSecret things of topic1.\n")
        library.sync(Source(folder, groups=frozenset([group])))
    shared = vectors(library, server, "forbidden")
    mine = library.audiences(frozenset(["hr"]))
    assert shared.search(wanted(1), mine, 10) == library.current().index.near(wanted(1), mine, 10)
    assert len(shared.search(wanted(1), mine, 10)) == 1
    assert shared.search(wanted(1), [], 10) == []
    shared.close()


def test_a_replica_takes_over_what_another_pushed(
    library: Library, shelf: Shelf, server: Milvus, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(shelf, 20)
    first, audiences = vectors(library, server, "shared"), library.audiences(frozenset())
    found = first.search(wanted(2), audiences, 5)
    second = vectors(library, server, "shared")
    monkeypatch.setattr(MilvusVectors, "_push", None)  # nothing is left to be pushed
    assert second.search(wanted(2), audiences, 5) == found
    first.close()
    second.close()


def test_more_than_a_batch_in_any_order(library: Library, tmp_path: Path, server: Milvus) -> None:
    lines = (f'{{"_id": "r{number}", "text": "about topic{number}"}}\n' for number in range(BATCH + 20))
    (tmp_path / "many.jsonl").write_text("".join(lines))
    library.sync(Source(tmp_path / "many.jsonl"))
    shared = vectors(library, server, "many")
    assert len(shared.search(wanted(1), library.audiences(frozenset()), 2 * BATCH)) == BATCH + 20
    shared.drop()
    shared.drop()
    again = vectors(library, server, "many")
    assert len(again.search(wanted(1), library.audiences(frozenset()), 3)) == 3
    shared.close()
    again.close()


def test_a_server_that_is_away_is_said_so_in_one_line(library: Library, shelf: Shelf) -> None:
    filled(shelf, 1)
    nobody = Milvus(f"http://127.0.0.1:{free_ports(1)[0]}", "root:secret")
    begun = time.monotonic()
    with pytest.raises(LibraryError, match="Milvus at http://127") as caught:
        vectors(library, nobody, "away").search(wanted(0), library.audiences(frozenset()), 5)
    assert "secret" not in str(caught.value)
    assert time.monotonic() - begun < 30
