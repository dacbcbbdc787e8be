"""A folder of documents and the library that follows it, as tests speak of them."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from rag.intake import Report
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source

PUBLIC: frozenset[str] = frozenset()
EITHER_INDEX = pytest.mark.parametrize(
    "milvus", ["here", pytest.param("Milvus", marks=pytest.mark.timeout(60))], indirect=True
)
"""For what holds whatever searches the vectors: this process, or Milvus."""


@dataclass
class Shelf:
    library: Library
    folder: Path

    def put(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def sync(self, groups: frozenset[str] = PUBLIC) -> Report:
        return self.library.sync(Source(self.folder, groups=groups))

    async def find(self, query: str, *groups: str) -> list[str]:
        """Returns the documents found by somebody in these groups, the best first."""
        hits = await Retriever(self.library).search(query, frozenset(groups), per_document=True)
        return [hit.passage.doc_id for hit in hits]
