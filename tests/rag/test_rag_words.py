"""Words in memory score as SQLite's FTS5 does, whatever was added and removed since."""

import random
import sqlite3
from itertools import count

import numpy as np
import pytest

from rag.indexing.local_index import rarity
from rag.indexing.part import Part
from rag.indexing.postings import Segment, joined
from rag.indexing.terms import packed, term, unpacked

VOCABULARY = [f"w{number}" for number in range(60)]
WEIGHTS = "bm25(8.0, 2.0, 1.0)"


def _text(chance: random.Random, most: int) -> list[str]:
    return [VOCABULARY[min(int(chance.expovariate(0.12)), 59)] for _ in range(chance.randint(0, most))]


def _reference(db: sqlite3.Connection, words: list[str]) -> dict[int, float]:
    query = "SELECT rowid, rank FROM words WHERE words MATCH ? AND rank MATCH ?"
    return {row: -rank for row, rank in db.execute(query, (" OR ".join(words), WEIGHTS))}


def _ours(parts: list[Part], words: list[str]) -> dict[int, float]:
    terms = np.array([term(word) for word in words], np.uint64)
    total, length = sum(map(len, parts)), sum(part.words for part in parts)
    holding = np.sum([part.counts(terms) for part in parts], axis=0).tolist()
    rarities = [max(rarity(total, number), 0) for number in holding]
    found = (pair for part in parts for pair in part.said(terms, rarities, length / total, 10_000))
    return {passage: score for score, passage in found}


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_fts5(seed: int) -> None:
    chance, ids = random.Random(seed), count(1)
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE words USING fts5 (title, heading, body)")
    parts = [Part.empty(2), Part.empty(2)]
    known: list[tuple[int, Part]] = []
    for _ in range(60):
        part = chance.choice(parts)
        batch = [tuple(_text(chance, most) for most in (3, 6, 60)) for _ in range(chance.randint(1, 7))]
        new = [next(ids) for _ in batch]
        rows = zip(new, (tuple(map(" ".join, fields)) for fields in batch), strict=True)
        db.executemany(
            "INSERT INTO words (rowid, title, heading, body) VALUES (?, ?, ?, ?)", ((n, *t) for n, t in rows)
        )
        lengths, blobs = zip(*(packed(*(map(term, field) for field in fields)) for fields in batch), strict=True)
        part.add(new, list(lengths), list(blobs), np.zeros((len(new), 2), np.float32))
        known += [(number, part) for number in new]
        if chance.random() < 0.4:
            gone, home = known.pop(chance.randrange(len(known)))
            home.remove(gone)
            home.remove(gone)  # twice is once
            db.execute("DELETE FROM words WHERE rowid = ?", (gone,))
    for _ in range(20):
        words = chance.sample(VOCABULARY, 6)
        expected = {row: score for row, score in _reference(db, words).items() if score > 1e-4}
        assert _ours(parts, words) == pytest.approx(expected, rel=1e-4, abs=1e-5)  # FTS5 gives common words 1e-6, we 0


def test_a_part_without_its_dead_is_the_part(seed: int = 7) -> None:
    chance = random.Random(seed)
    part = Part.empty(2)
    for number in range(1, 200):
        length, blob = packed(map(term, _text(chance, 3)), [], map(term, _text(chance, 30)))
        part.add([number], [length], [blob], np.full((1, 2), number, np.float32))
    for number in range(1, 200, 3):
        part.remove(number)
    before = _ours([part], VOCABULARY[:9])
    arrays = part.frozen().arrays()
    assert arrays.ids.tolist() == [number for number in range(1, 200) if number % 3 != 1]
    assert arrays.vectors[:, 0].tolist() == arrays.ids.tolist()
    assert _ours([Part.of(arrays)], VOCABULARY[:9]) == pytest.approx(before, rel=1e-5)


def test_what_is_packed_is_what_was_said() -> None:
    length, blob = packed([term("leave")], [], [term("leave"), term("days")])
    sizes, terms, weights = unpacked([blob])
    assert (length, sizes.tolist()) == (3, [2])
    assert dict(zip(terms.tolist(), weights.tolist(), strict=True)) == {term("leave"): 9, term("days"): 1}
    assert packed([], [], []) == (0, b"")
    most = packed([term("again")] * 20_000, [], [])[1]
    assert unpacked([most])[2].tolist() == [0xFFFF]


def test_segments_find_what_they_have_and_nothing_else() -> None:
    empty = Segment.of(np.empty(0, np.uint64), np.empty(0, np.int32), np.empty(0, np.uint16))
    some = Segment.of(np.array([5, 9, 5], np.uint64), np.array([0, 0, 2], np.int32), np.array([1, 2, 3], np.uint16))
    for segment in (some, joined([empty, some])):
        starts, ends = segment.ranges(np.array([9, 4, 5, 10], np.uint64))
        assert (ends - starts).tolist() == [1, 0, 2, 0]
    assert empty.ranges(np.array([5], np.uint64))[0].tolist() == [0]
