"""The same passages are found whatever kind of index finds them, and the dead by none."""

from pathlib import Path

import numpy as np
import pytest

from rag.embedder import Vectors
from rag.indexing import vectors as kinds
from rag.indexing.part import Part
from rag.indexing.terms import packed, term
from rag.indexing.vectors import Nearest, coarse, opened


def _clustered(count: int, dimension: int = 32) -> Vectors:
    chance = np.random.default_rng(count)
    centres = chance.standard_normal((40, dimension))
    rows = centres[chance.integers(0, 40, count)] + 0.5 * chance.standard_normal((count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def _index(rows: Vectors, folder: Path) -> Nearest:
    path = folder / "index.faiss"
    assert coarse(rows, path)
    return opened(rows, path)


@pytest.mark.parametrize("half_up_to", [10_000, 100])
def test_a_coarse_index_finds_what_the_exact_one_finds(
    half_up_to: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kinds, "EXACT_UP_TO", 50)
    monkeypatch.setattr(kinds, "HALF_UP_TO", half_up_to)
    rows = _clustered(5000)
    found, exact = _index(rows, tmp_path), Nearest(rows)
    for vector in rows[::500]:
        places, cosines = found.search(vector, 20)
        assert (places.tolist(), cosines.tolist()) == tuple(each.tolist() for each in exact.search(vector, 20))


def test_few_vectors_need_no_index(tmp_path: Path) -> None:
    assert not coarse(_clustered(100), tmp_path / "index.faiss")
    assert list(tmp_path.iterdir()) == []


def test_what_was_added_since_is_found_with_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "EXACT_UP_TO", 50)
    rows = _clustered(3000)
    grown = _index(rows[:2000], tmp_path)
    for start in range(2000, 3000, 300):
        grown.add(rows[start : start + 300])
    assert (len(grown), grown.grown) == (3000, 1000)
    for vector in rows[::400]:
        assert grown.search(vector, 30)[0].tolist() == Nearest(rows).search(vector, 30)[0].tolist()


def test_however_many_dead_lie_nearest_the_living_are_found() -> None:
    rows = _clustered(1000)
    part = Part.empty(rows.shape[1])
    length, blob = packed([], [], [term("word")])
    part.add(list(range(1000)), [length] * 1000, [blob] * 1000, rows)
    nearest = [passage for _, passage in part.near(rows[0], 1000)]
    for passage in nearest[:700]:
        part.remove(passage)
    assert [passage for _, passage in part.near(rows[0], 10)] == nearest[700:710]
    for passage in nearest[:995]:
        part.remove(passage)
    assert [passage for _, passage in part.near(rows[0], 10)] == nearest[995:]
