"""Which passages of one audience say a word, and how much: sorted arrays, and BM25 over them as FTS5 reckons it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.indexing.terms import Terms, unpacked

Array = npt.NDArray[Any]
K1, B = 1.2, 0.75


@dataclass(frozen=True, slots=True)
class Segment:
    """Terms in order; those of `terms[i]` are the entries from `starts[i]` to `starts[i + 1]`, by ascending place."""

    terms: Terms
    starts: Array
    places: Array
    weights: Array

    @classmethod
    def of(cls, terms: Array, places: Array, weights: Array) -> "Segment":
        """Sorts entries that come in ascending order of place."""
        order = np.argsort(terms, kind="stable")
        ordered = terms[order]
        first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.empty(0, np.int64)
        starts = np.append(first, len(ordered)).astype(np.int64)
        return cls(ordered[first], starts, places[order], weights[order])

    def entries(self) -> tuple[Array, Array, Array]:
        """Returns term, place and weight of each entry."""
        return np.repeat(self.terms, np.diff(self.starts)), self.places, self.weights

    def ranges(self, terms: Terms) -> tuple[Array, Array]:
        """Returns where each term's entries begin and end."""
        at = np.searchsorted(self.terms, terms)
        at[at == len(self.terms)] = 0
        there = self.terms[at] == terms if len(self.terms) else np.zeros(len(terms), bool)
        return np.where(there, self.starts[at], 0), np.where(there, self.starts[at + 1 if len(self.terms) else at], 0)


def joined(segments: Sequence[Segment], alive: Array | None = None) -> Segment:
    """Makes one segment of several whose places ascend; given who is alive, without the dead and with new places."""
    columns = [np.concatenate(column) for column in zip(*(segment.entries() for segment in segments), strict=True)]
    terms, places, weights = columns
    if alive is not None:
        kept = alive[places]
        renamed = np.cumsum(alive, dtype=np.int64) - 1
        terms, places, weights = terms[kept], renamed[places[kept]].astype(np.int32), weights[kept]
    return Segment.of(terms, places, weights)


def added(segments: tuple[Segment, ...], blobs: list[bytes], first: int) -> tuple[Segment, ...]:
    """Takes in passages, as `terms.packed` wrote them, whose places begin at `first`.

    A segment is joined with the one before once it is half as long: so there are few, and one more passage costs about
    the same however many there are.
    """
    sizes, terms, weights = unpacked(blobs)
    places = np.repeat(np.arange(first, first + len(blobs), dtype=np.int32), sizes)
    grown = [*segments, Segment.of(terms, places, weights)]
    while len(grown) > 1 and 2 * len(grown[-1].places) >= len(grown[-2].places):
        grown[-2:] = [joined(grown[-2:])]
    return tuple(grown)


def counted(segments: tuple[Segment, ...], terms: Terms, alive: Array | None) -> Array:
    """Returns how many passages say each term; given who is alive, only those."""
    total = np.zeros(len(terms), np.int64)
    for segment in segments:
        starts, ends = segment.ranges(terms)
        total += ends - starts
        if alive is not None:
            total -= [
                end - start - np.count_nonzero(alive[segment.places[start:end]])
                for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
            ]
    return total


def scored(segments: tuple[Segment, ...], terms: Terms, rarities: list[float], slowness: Array) -> Array:
    """Returns the BM25 of each place: `slowness` is what a place's length makes of it."""
    scores = np.zeros(len(slowness), np.float32)
    for segment in segments:
        for start, end, rarity in zip(*(each.tolist() for each in segment.ranges(terms)), rarities, strict=True):
            if start < end:
                places, weights = segment.places[start:end], segment.weights[start:end].astype(np.float32)
                scores[places] += rarity * (K1 + 1) * weights / (weights + slowness[places])
    return scores
