"""What one audience may search: its passages at places 0, 1, ..., with their vectors and words.

Passages are added at the end and never moved; a removed one is marked dead and found no more, until the part is built
anew without it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.embedder import Vectors
from rag.indexing.postings import K1, B, Segment, added, counted, joined, scored
from rag.indexing.terms import Terms
from rag.indexing.vectors import Nearest

Array = npt.NDArray[Any]
_SAMPLED = 16  # of so many scores one is looked at first


@dataclass(frozen=True, slots=True)
class Arrays:
    """A part without its dead, as it is kept on disk: passage ids in ascending order, lengths in words."""

    ids: Array
    lengths: Array
    vectors: Vectors
    segment: Segment


class Part:
    """Safe to search from several threads while one adds and removes."""

    def __init__(self, arrays: Arrays, nearest: Nearest) -> None:
        self._ids, self._lengths = _Grown(arrays.ids), _Grown(arrays.lengths)
        self._alive = _Grown(np.ones(len(arrays.ids), bool))
        self._nearest = nearest
        self._segments: tuple[Segment, ...] = (arrays.segment,)
        self.words = int(arrays.lengths.sum())
        self.dead = 0

    @classmethod
    def empty(cls, dimension: int) -> "Part":
        """Returns a part that holds nothing yet."""
        return cls.of(nothing(dimension))

    @classmethod
    def of(cls, arrays: Arrays) -> "Part":
        """Returns a part that searches these arrays exactly."""
        return cls(arrays, Nearest(arrays.vectors))

    def __len__(self) -> int:
        return len(self._ids) - self.dead

    @property
    def grown(self) -> int:
        """How many passages were added since it was built, and how many have died."""
        return self._nearest.grown + self.dead

    def add(self, ids: list[int], lengths: list[int], blobs: list[bytes], vectors: Vectors) -> None:
        """Takes in passages, whose ids are higher than all before."""
        first = len(self._ids)
        self._lengths.extend(np.array(lengths, np.int32))
        self._alive.extend(np.ones(len(ids), bool))
        self._ids.extend(np.array(ids, np.int64))
        self.words += sum(lengths)
        # Last what is searched: so whoever finds a place knows all about it.
        self._segments = added(self._segments, blobs, first)
        self._nearest.add(vectors)

    def remove(self, passage: int) -> None:
        """Marks a passage as dead, if it is here."""
        place = int(np.searchsorted(self._ids.view, passage))
        if place < len(self._ids) and self._ids.view[place] == passage and self._alive.view[place]:
            self._alive.view[place] = False
            self.words -= int(self._lengths.view[place])
            self.dead += 1

    def suits(self, vector: Vectors) -> bool:
        """Whether a vector is as long as the ones in here."""
        return self._nearest.dimension == len(vector)

    def near(self, vector: Vectors, k: int) -> list[tuple[float, int]]:
        """Returns cosine and id of the k nearest that live."""
        wanted = k
        while True:
            places, cosines = self._nearest.search(vector, wanted)
            living = self._alive.view[places]
            if living.sum() >= k or wanted >= len(self._ids):
                found = self._ids.view[places[living][:k]]
                return list(zip(cosines[living][:k].tolist(), found.tolist(), strict=True))
            wanted *= 4

    def counts(self, terms: Terms) -> Array:
        """Returns in how many living passages each term stands."""
        segments = self._segments
        return counted(segments, terms, self._alive.view if self.dead else None)

    def said(self, terms: Terms, rarities: list[float], usual_length: float, k: int) -> list[tuple[float, int]]:
        """Returns BM25 and id of the k passages that say most of these terms, among the living."""
        segments = self._segments
        count = len(self._ids)
        slowness = K1 * (1 - B + B / usual_length * self._lengths.view[:count].astype(np.float32))
        scores = scored(segments, terms, rarities, slowness)
        if self.dead:
            scores *= self._alive.view[:count]
        best = _highest(scores, k)
        return list(zip(scores[best].tolist(), self._ids.view[best].tolist(), strict=True))

    def rows(self, ids: Array) -> tuple[Array, Vectors]:
        """Returns which of the ids are here, and the vectors of those."""
        places = np.searchsorted(self._ids.view, ids)
        places[places == len(self._ids)] = 0
        here = self._ids.view[places] == ids if len(self._ids) else np.zeros(len(ids), bool)
        return here, self._nearest.rows(places[here])

    def frozen(self) -> "Frozen":
        """Returns what lives at this moment, to be built anew beside additions and removals."""
        segments = self._segments
        count = len(self._ids)
        ids, lengths = self._ids.view[:count], self._lengths.view[:count]
        return Frozen(ids, lengths, self._alive.view[:count].copy(), self._nearest, segments)


@dataclass(frozen=True, slots=True)
class Frozen:
    """A part as it was."""

    ids: Array
    lengths: Array
    alive: Array
    nearest: Nearest
    segments: tuple[Segment, ...]

    def arrays(self) -> Arrays:
        """Returns the arrays without the dead; takes a second for a hundred thousand passages."""
        living = np.flatnonzero(self.alive)
        segment = joined(self.segments, self.alive)
        return Arrays(self.ids[living], self.lengths[living], self.nearest.rows(living), segment)


def nothing(dimension: int) -> Arrays:
    """Returns the arrays of a part that holds nothing."""
    segment = Segment.of(np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.uint16))
    return Arrays(np.empty(0, np.int64), np.empty(0, np.int32), np.empty((0, dimension), np.float32), segment)


def _highest(scores: Array, k: int) -> Array:
    """Returns the places of the k highest scores above 0; a sample's k-th tells below which none can be among them."""
    sample = scores[::_SAMPLED]
    floor = np.partition(sample, -k)[-k] if k < len(sample) else 0
    places = np.flatnonzero(scores >= floor) if floor > 0 else np.flatnonzero(scores)
    return places[np.argpartition(scores[places], -k)[-k:]] if k < len(places) else places


class _Grown:
    """An array that grows at its end, at a cost that does not depend on how long it is."""

    def __init__(self, start: Array) -> None:
        self._room, self._count = start, len(start)

    def __len__(self) -> int:
        return self._count

    @property
    def view(self) -> Array:
        return self._room[: self._count]

    def extend(self, more: Array) -> None:
        needed = self._count + len(more)
        if needed > len(self._room):
            room = np.empty(max(needed, 2 * len(self._room)), self._room.dtype)
            room[: self._count] = self._room[: self._count]
            self._room = room
        self._room[self._count : needed] = more
        self._count = needed
