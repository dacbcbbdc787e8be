"""The vectors of one audience, and which lie nearest to another: exact, or by a coarser index and then exact.

The only file that imports faiss. What a coarse index or a GPU returns is weighed once more by the exact vectors, so
the order is the same whatever found it.
"""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.embedder import Vectors
from rag.errors import LibraryError

EXACT_UP_TO = 50_000
HALF_UP_TO = 200_000
ON_GPU_FROM = 10_000
MOST_ON_GPU = 2048
_OVERFETCH = 2
_PROBED = 0.06  # the share of an IVF's cells that a question looks into
_GPU_SCRATCH_BYTES = 64 << 20

Places = npt.NDArray[np.int64]


class Nearest:
    """Vectors at places 0, 1, ...: a base that stays as it is, and what was added since, which is searched exactly."""

    def __init__(self, base: Vectors, coarse: Any = None) -> None:
        self._base, self._coarse = base, coarse
        self._tail = np.empty((0, base.shape[1]), np.float32)
        self._added = 0

    def __len__(self) -> int:
        return len(self._base) + self._added

    @property
    def dimension(self) -> int:
        """How long a vector is."""
        return int(self._base.shape[1])

    @property
    def grown(self) -> int:
        """How many were added to the base."""
        return self._added

    def add(self, vectors: Vectors) -> None:
        """Takes in more, at the next places."""
        needed = self._added + len(vectors)
        if needed > len(self._tail):
            grown = np.empty((max(needed, 2 * len(self._tail)), vectors.shape[1]), np.float32)
            grown[: self._added] = self._tail[: self._added]
            self._tail = grown
        self._tail[self._added : needed] = vectors
        self._added = needed

    def rows(self, places: Places) -> Vectors:
        """Returns the exact vectors at these places."""
        old = places < len(self._base)
        found = np.empty((len(places), self._base.shape[1]), np.float32)
        found[old] = self._base[places[old]]
        found[~old] = self._tail[places[~old] - len(self._base)]
        return found

    def search(self, vector: Vectors, k: int) -> tuple[Places, Vectors]:
        """Returns the k nearest places with their cosines, the nearest first; fewer only where there are fewer."""
        begin, added = len(self._base), self._added
        found = [np.empty(0, np.int64)]
        if begin:
            coarse = self._coarse
            found.append(coarse(vector, min(_OVERFETCH * k, begin)) if coarse else _exact(self._base, vector, k))
        if added:
            found.append(_exact(self._tail[:added], vector, k) + begin)
        places = np.concatenate(found)
        cosines = self.rows(places) @ vector
        order = np.lexsort((places, -cosines))[:k]
        return places[order], cosines[order]


def coarse(vectors: Vectors, path: Path) -> bool:
    """Makes and writes the index that is fit for so many vectors, False where exact search is; raises OSError."""
    if len(vectors) <= EXACT_UP_TO or not vectors.shape[1]:
        return False
    faiss, size = _faiss(), vectors.shape[1]
    kind, metric = faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
    if len(vectors) <= HALF_UP_TO:
        index = faiss.IndexScalarQuantizer(size, kind, metric)
    else:
        cells = int(2 * len(vectors) ** 0.5)
        index = faiss.IndexIVFScalarQuantizer(faiss.IndexFlatIP(size), size, cells, kind, metric)
        index.cp.niter = 8
        step = max(1, len(vectors) // (40 * cells))
        index.train(np.ascontiguousarray(vectors[::step]))
        index.nprobe = max(16, int(_PROBED * cells))
    for start in range(0, len(vectors), 10_000):
        index.add(np.ascontiguousarray(vectors[start : start + 10_000]))
    with _files():
        faiss.write_index(index, str(path))
    return True


def opened(vectors: Vectors, path: Path | None) -> Nearest:
    """Returns the vectors ready to be searched: on a GPU where there is one, else by the index at `path` if given.

    Raises OSError where that cannot be read.
    """
    faiss = _faiss()
    if len(vectors) >= ON_GPU_FROM and vectors.shape[1] and (resources := _gpu()):
        return Nearest(vectors, _one_at_a_time(_moved(faiss, vectors, resources), vectors))
    if path:
        with _files():
            return Nearest(vectors, _searching(faiss.read_index(str(path))))
    return Nearest(vectors)


def on_gpu() -> bool:
    """Whether large indexes are searched on a GPU."""
    return _gpu() is not None


@contextmanager
def _files() -> Iterator[None]:
    """FAISS says everything about files with a RuntimeError."""
    try:
        yield
    except RuntimeError as error:
        raise OSError(errno.EIO, "FAISS cannot read or write its index") from error


def _exact(vectors: Vectors, vector: Vectors, k: int) -> Places:
    faiss = _faiss()
    _, places = faiss.knn(vector.reshape(1, -1), vectors, min(k, len(vectors)), metric=faiss.METRIC_INNER_PRODUCT)
    return np.asarray(places[0], np.int64)


def _searching(index: Any) -> Callable[[Vectors, int], Places]:
    def search(vector: Vectors, k: int) -> Places:
        places = np.asarray(index.search(vector.reshape(1, -1), k)[1][0], np.int64)
        return places[places >= 0]

    return search


def _one_at_a_time(index: Any, vectors: Vectors) -> Callable[[Vectors, int], Places]:
    """A GPU index is no matter for several threads at once, and finds no more than so many."""
    search, lock = _searching(index), Lock()

    def searched(vector: Vectors, k: int) -> Places:
        if k > MOST_ON_GPU:
            return _exact(vectors, vector, k)
        with lock:
            return search(vector, k)

    return searched


def _moved(faiss: Any, vectors: Vectors, resources: Any) -> Any:
    config = faiss.GpuIndexFlatConfig()
    config.useFloat16 = len(vectors) > EXACT_UP_TO
    index = faiss.GpuIndexFlatIP(resources, vectors.shape[1], config)
    for start in range(0, len(vectors), 100_000):
        index.add(np.ascontiguousarray(vectors[start : start + 100_000]))
    return index


@cache
def _gpu() -> Any:
    """Returns what FAISS needs of a GPU, or None: no GPU, or a FAISS that knows none."""
    faiss = _faiss()
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() < 1:
        return None
    resources = faiss.StandardGpuResources()
    resources.setTempMemory(_GPU_SCRATCH_BYTES)
    return resources


@cache
def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise LibraryError(f"FAISS is not installed ({error}): install hausgeist[cpu] or hausgeist[gpu]") from error
    faiss.omp_set_num_threads(1)  # one question is small; more threads only fight the embedder's over the cores
    return faiss
