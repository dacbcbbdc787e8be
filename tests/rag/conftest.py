"""A library of its own for each test, with an embedder that needs no model."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.embedder import HashEmbedder
from rag.library import Library
from tests.rag.shelf import Shelf


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library.open(tmp_path / "data", HashEmbedder())
    yield opened
    opened.close()


@pytest.fixture
def shelf(library: Library, tmp_path: Path) -> Shelf:
    return Shelf(library, tmp_path / "docs")
