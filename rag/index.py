"""The port of the index: vectors and words together, each audience apart. What it answers from never shows here."""

from collections.abc import Sequence
from typing import Protocol

from rag import lexicon
from rag.embedder import Vectors
from rag.store import Store
from rag.vectors import VectorIndex


class Index(Protocol):
    """Finds passages among audiences; nothing of any other audience is scored. Safe to call from several threads.

    What any process has added or removed counts from the next call on. Raises LibraryError when it cannot.
    """

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        """Returns the ids of the k passages nearest to the vector, the nearest first."""

    def said(self, question: str, audiences: Sequence[int], k: int) -> dict[int, float]:
        """Returns the ids of the k passages that say most of the question, each with its share between 0 and 1."""

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Returns the exact vectors of passages, a row each in the order given; zeros where one is gone."""


class LocalIndex:
    """In this process: vectors in memory, words in the store."""

    def __init__(self, store: Store) -> None:
        self._store, self._vectors = store, VectorIndex(store)

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        return self._vectors.search(vector, audiences, k)

    def said(self, question: str, audiences: Sequence[int], k: int) -> dict[int, float]:
        return lexicon.search(self._store, question, audiences, k)

    def vectors(self, ids: Sequence[int]) -> Vectors:
        return self._vectors.rows(ids)
