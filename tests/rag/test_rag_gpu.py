"""A GPU finds the same passages in the same order as the CPU does."""

from collections.abc import Iterator

import numpy as np
import pytest

from rag.indexing.vectors import Nearest, on_gpu, opened


@pytest.fixture(autouse=True)
def gpu() -> Iterator[None]:
    if not on_gpu():
        pytest.skip("no GPU here, or a FAISS that knows none")
    yield


@pytest.mark.parametrize("count", [20_000, 100_000])
def test_a_gpu_finds_the_same(count: int) -> None:
    chance = np.random.default_rng(count)
    rows = chance.standard_normal((count, 384), dtype=np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    fast, exact = opened(rows, None), Nearest(rows)
    for vector in rows[:: count // 50]:
        assert fast.search(vector, 100)[0].tolist() == exact.search(vector, 100)[0].tolist()
