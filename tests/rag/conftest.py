"""A library of its own for each test, with an embedder that needs no model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.embedder import HashEmbedder
from rag.indexing.milvus import Server
from rag.library import Library
from tests.milvus_server import milvus_server
from tests.rag.shelf import Shelf


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Milvus of our own."""
    with milvus_server(tmp_path_factory.mktemp("milvus")) as server:
        yield server


@pytest.fixture
def milvus(request: pytest.FixtureRequest) -> Server | None:
    """Where vectors are searched: in this process, or (for tests with EITHER_INDEX) in Milvus, too."""
    if getattr(request, "param", "") != "Milvus":
        return None
    server: Server = request.getfixturevalue("server")
    return server


@pytest.fixture
def library(tmp_path: Path, milvus: Server | None) -> Iterator[Library]:
    opened = Library.open(tmp_path / "data", HashEmbedder(), milvus=milvus)
    yield opened
    opened.close()


@pytest.fixture
def shelf(library: Library, tmp_path: Path) -> Shelf:
    return Shelf(library, tmp_path / "docs")
