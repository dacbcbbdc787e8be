"""How we take in files: a library, and its first search. `python -m ops.bench.intake_ours WARM FOLDER RUNS`."""

import asyncio
import tempfile
from pathlib import Path

from ops.bench.intake_measure import NullEmbedder, measure
from rag.embedder import Embedder
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source


def taken(folder: Path, index: Path, embedder: Embedder) -> Library:
    """Takes in a folder and searches once: from then on everything is found, by words as by meaning."""
    library = Library.open(index, embedder)
    library.sync(Source(folder))
    asyncio.run(Retriever(library).search("how many days of leave", frozenset()))
    return library


def _take(folder: Path) -> tuple[int, object]:
    with tempfile.TemporaryDirectory() as index:
        library = taken(folder, Path(index), NullEmbedder())
        return library.stats().passages, library


if __name__ == "__main__":
    measure(_take)
