"""Vectors in memory: one exact FAISS index per audience, filled from the store. The only file that imports faiss.

Whoever may not read an audience never searches its index: no filter that could be forgotten, and none that
faiss-gpu, which ignores id selectors, would leave out.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Any

import numpy as np

from rag.embedder import Vectors
from rag.errors import LibraryError
from rag.store import Store


class VectorIndex:
    """What the store holds as vectors, kept up to date whoever writes there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._indexes: dict[int, Any] = {}
        self._audiences: dict[int, int] = {}
        self._seen = (0, 0)
        self._lock = Lock()

    def search(self, vector: Vectors, audiences: Iterable[int], k: int) -> list[int]:
        """Returns the ids of the k passages nearest to the vector among these audiences, the nearest first."""
        with self._lock:
            self._refresh()
            found: dict[int, float] = {}
            for audience in audiences:
                if index := self._indexes.get(audience):
                    cosines, ids = index.search(vector.reshape(1, -1), min(k, index.ntotal))
                    found |= zip(ids[0].tolist(), cosines[0].tolist(), strict=True)
        return sorted(found, key=lambda passage: -found[passage])[:k]

    def rows(self, ids: Sequence[int]) -> Vectors:
        """Returns the vectors of passages as the store holds them; zeros where one is gone."""
        query = "SELECT id, vector FROM passages WHERE id IN (SELECT value FROM json_each(?))"
        with self._store.reading() as db:
            found = {row["id"]: row["vector"] for row in db.execute(query, (json.dumps(list(ids)),))}
        if not found:
            return np.zeros((len(ids), 1), np.float32)
        gone = bytes(len(next(iter(found.values()))))
        return np.frombuffer(b"".join(found.get(number, gone) for number in ids), np.float32).reshape(len(ids), -1)

    def _refresh(self) -> None:
        """Takes over what was added to and removed from the store since the last time."""
        with self._store.reading() as db:
            counters = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
            now = counters.get("passages", 0), counters.get("removals", 0)
            if now == self._seen:
                return
            added = db.execute("SELECT id, audience_id, vector FROM passages WHERE id > ?", self._seen[:1]).fetchall()
            removed = db.execute("SELECT passage_id FROM removals WHERE id > ?", self._seen[1:]).fetchall()
        self._remove(row["passage_id"] for row in removed)
        self._add(added)
        self._seen = now

    def _remove(self, ids: Iterable[int]) -> None:
        by_audience = defaultdict(list)
        for passage in ids:
            if audience := self._audiences.pop(passage, None):
                by_audience[audience].append(passage)
        for audience, passages in by_audience.items():
            self._indexes[audience].remove_ids(np.array(passages, np.int64))
            if not self._indexes[audience].ntotal:
                del self._indexes[audience]

    def _add(self, rows: list[sqlite3.Row]) -> None:
        by_audience = defaultdict(list)
        for row in rows:
            self._audiences[row["id"]] = row["audience_id"]
            by_audience[row["audience_id"]].append(row)
        for audience, members in by_audience.items():
            ids = np.array([row["id"] for row in members], np.int64)
            vectors = np.frombuffer(b"".join(row["vector"] for row in members), np.float32).reshape(len(ids), -1)
            if audience not in self._indexes:
                self._indexes[audience] = _empty(vectors.shape[1])
            self._indexes[audience].add_with_ids(vectors, ids)


def _empty(dimension: int) -> Any:
    faiss = _load_faiss()
    return faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))


def _load_faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise LibraryError(f"FAISS is not installed ({error}): install hausgeist[cpu] or hausgeist[gpu]") from error
    faiss.omp_set_num_threads(1)  # one question is small; more threads only fight the embedder's over the cores
    return faiss
