"""The port of the index: vectors and words together, each audience apart. What it answers from never shows here."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from rag.embedder import Vectors


class Index(Protocol):
    """Finds passages among audiences; nothing of any other audience is scored. Safe to call from several threads.

    What any process has added or removed counts from the next call on. Raises LibraryError when it cannot.
    """

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        """Returns the ids of the k passages nearest to the vector, the nearest first."""

    def said(self, question: str, audiences: Sequence[int], k: int, among: Sequence[int] = ()) -> dict[int, float]:
        """Returns the ids of the k passages that say most of the question, each with its share between 0 and 1.

        How rare a word is, is counted `among` these audiences, or those that are searched: never among others.

        1 is the most that this question could score in any passage. A word that no passage holds counts among what
        could have been scored: a question in a language the documents are not in gets a small share everywhere, an
        exact name nearly a whole one.
        """

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Returns the exact vectors of passages, a row each in the order given; zeros where one is gone."""

    def settle(self) -> None:
        """Keeps what the next process needs to begin at once; asked after much was added, does nothing otherwise."""

    def close(self) -> None:
        """Gives everything back; the index is not used again."""


class Suited:
    """An index as our embedder can ask it: by words alone where its vectors are another's, or of another length."""

    def __init__(self, index: Index, *, same: bool) -> None:
        self._index, self._same = index, same
        self._width = 1

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        self._width = len(vector)
        return self._index.near(vector, audiences, k) if self._same else []

    def said(self, question: str, audiences: Sequence[int], k: int, among: Sequence[int] = ()) -> dict[int, float]:
        return self._index.said(question, audiences, k, among)

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """Returns zeros where the vectors cannot be compared with the question's."""
        rows = self._index.vectors(ids)
        suits = self._same and rows.shape[1] == self._width
        return rows if suits else np.zeros((len(ids), self._width), np.float32)

    def settle(self) -> None:
        self._index.settle()

    def close(self) -> None:
        self._index.close()
