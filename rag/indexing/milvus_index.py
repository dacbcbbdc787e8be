"""The index with its vectors in Milvus: pushed there once, by whoever shelves, searched by every process.

The store stays the truth. It says how far Milvus has come; what came since is searched here; and what Milvus finds
counts only if the store still has it for these readers, by the vector that the store has.
"""

import json
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from sqlite3 import Row
from threading import Event, Lock, Thread
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.embedder import Vectors
from rag.errors import LibraryError
from rag.indexing.local_index import LocalIndex
from rag.indexing.milvus import MOST, Entity, Milvus
from rag.indexing.snapshot import NOTHING, Counters, counters
from rag.locks import held
from rag.store import Store

BATCH = 500
TAIL = 2000  # passages that Milvus does not have yet and each question searches here; if more lack, they are pushed
VISIBLE_S = 60.0  # after a push; until then Milvus is told to wait for it, which takes 0.2 s
_OVERFETCH = 2
_MARK = "milvus"

log = logging.getLogger(__name__)


class MilvusIndex:
    """Near by Milvus, said by the words in this process. Without Milvus, by words and what came last alone.

    Who finds it far behind, or failed, pushes what is missing in a thread: one process at a time.
    """

    def __init__(self, store: Store, folder: Path, server: Milvus) -> None:
        self._store, self._server, self._name = store, server, server.collection(store)
        self._words = LocalIndex(store, folder, vectors=False)
        self._lock = folder / "push"
        self._closed = Event()
        self._settling: Thread | None = None
        self._starting = Lock()

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        at = _progress(self._store, self._server.url)
        if at.width != len(vector) or not audiences:
            return []
        tail = self._tail(at, audiences)
        wanted = _OVERFETCH * k
        while True:
            hits = self._hits(vector, audiences, wanted, strictly=at.fresh) if at.pushed[0] else []
            ids, rows = self._exact([*hits, *tail], audiences, at.width)
            if len(ids) >= k or len(hits) < wanted or wanted == MOST:
                order = np.lexsort((ids, -(rows @ vector)))[:k]
                return [int(passage) for passage in ids[order]]
            wanted = min(4 * wanted, MOST)  # many of the nearest are gone from the store

    def said(self, question: str, audiences: Sequence[int], k: int, among: Sequence[int] = ()) -> dict[int, float]:
        return self._words.said(question, audiences, k, among)

    def vectors(self, ids: Sequence[int]) -> Vectors:
        width = _progress(self._store, self._server.url).width or 1
        found = np.zeros((len(ids), width), np.float32)
        here, rows = self._exact(ids, None, width)
        place = {int(passage): at for at, passage in enumerate(here)}
        known = [at for at, passage in enumerate(ids) if passage in place]
        found[known] = rows[[place[ids[at]] for at in known]]
        return found

    def settle(self) -> None:
        """Pushes what Milvus lacks, and takes from it what is gone; where that fails, the next to try goes on."""
        self._words.settle()
        try:
            self._lock.parent.mkdir(mode=0o700, exist_ok=True)
            with held(self._lock) as alone:
                if alone:
                    self._push()
        except (LibraryError, OSError) as error:
            log.warning("vectors wait to be pushed", extra={"reason": str(error)})

    def close(self) -> None:
        self._closed.set()
        if self._settling:
            self._settling.join()
        self._words.close()

    def _tail(self, at: "_Progress", audiences: Sequence[int]) -> list[int]:
        """Returns the passages that Milvus does not have yet; of very many, the oldest."""
        if at.pushed[0] == at.now[0]:
            return []
        if at.now[0] - at.pushed[0] > TAIL:
            self._begin_settling()
        query = """SELECT id FROM passages WHERE id > ? AND audience_id IN (SELECT value FROM json_each(?))
                   ORDER BY id LIMIT ?"""
        with self._store.reading() as db:
            return [row[0] for row in db.execute(query, (at.pushed[0], _json(audiences), TAIL))]

    def _hits(self, vector: Vectors, audiences: Sequence[int], k: int, *, strictly: bool) -> list[int]:
        """Returns the nearest that Milvus has, none where it fails, which is logged."""
        if self._server.away:
            return []
        try:
            return self._server.search(self._name, vector, audiences, min(k, MOST), strictly=strictly)
        except LibraryError as error:
            log.warning("searching by words alone", extra={"reason": str(error)})
            self._begin_settling()
            return []

    def _exact(
        self, ids: Sequence[int], audiences: Sequence[int] | None, width: int
    ) -> tuple[npt.NDArray[np.int64], Vectors]:
        """Returns those of the passages that the store has, among some audiences or all, with their vectors."""
        query = """SELECT id, vector FROM passages WHERE id IN (SELECT value FROM json_each(?))
                   AND (? OR audience_id IN (SELECT value FROM json_each(?)))"""
        with self._store.reading() as db:
            rows = db.execute(query, (_json(ids), audiences is None, _json(audiences or ()))).fetchall()
        vectors = np.frombuffer(b"".join(row["vector"] for row in rows), np.float32)
        return np.array([row["id"] for row in rows], np.int64), vectors.reshape(len(rows), width)

    def _begin_settling(self) -> None:
        with self._starting:
            if not self._closed.is_set() and not (self._settling and self._settling.is_alive()):
                self._settling = Thread(target=self.settle, name="milvus")
                self._settling.start()

    def _push(self) -> None:
        at = _progress(self._store, self._server.url)
        if not self._server.ready(self._name):  # the first time, or another server, or one that has lost it
            at = at._replace(pushed=NOTHING)
        if at.pushed == at.now or (at.pushed == NOTHING and not at.width):
            return
        if at.pushed == NOTHING:
            self._server.create(self._name, at.width)
        self._add(at)
        self._remove(at)

    def _add(self, at: "_Progress") -> None:
        done = at.pushed[0]
        query = "SELECT id, audience_id, vector FROM passages WHERE id > ? AND id <= ? ORDER BY id LIMIT ?"
        while done < at.now[0] and not self._closed.is_set():
            with self._store.reading() as db:
                rows = db.execute(query, (done, at.now[0], BATCH)).fetchall()
            if rows:
                self._server.put(self._name, [_entity(row) for row in rows])
            done = rows[-1]["id"] if len(rows) == BATCH else at.now[0]
            self._mark((done, at.pushed[1]))

    def _remove(self, at: "_Progress") -> None:
        """Takes out what was removed, also while we pushed."""
        done, last = at.pushed[1], _progress(self._store, self._server.url)
        query = "SELECT id, passage_id FROM removals WHERE id > ? ORDER BY id LIMIT ?"
        while done < last.now[1] and not self._closed.is_set():
            with self._store.reading() as db:
                rows = db.execute(query, (done, BATCH)).fetchall()
            self._server.remove(self._name, [row["passage_id"] for row in rows])
            done = rows[-1]["id"]
            self._mark((last.pushed[0], done))

    def _mark(self, pushed: Counters) -> None:
        with self._store.writing() as db:
            told = json.dumps([self._server.url, *pushed, time.time()])
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_MARK, told))


class _Progress(NamedTuple):
    """How far the store is, how far Milvus is since when, and how long a vector is; 0 where there is none."""

    now: Counters
    pushed: Counters
    since: float
    width: int

    @property
    def fresh(self) -> bool:
        """Whether Milvus may not know yet what it was given last."""
        return time.time() - self.since < VISIBLE_S


def _progress(store: Store, url: str) -> _Progress:
    with store.reading() as db:
        mark = db.execute("SELECT value FROM meta WHERE key = ?", (_MARK,)).fetchone()
        width = db.execute("SELECT length(vector) FROM passages LIMIT 1").fetchone()
        now = counters(db)
    where, added, removed, since = json.loads(mark[0]) if mark else ("", 0, 0, 0.0)
    pushed = (added, removed) if where == url else NOTHING
    return _Progress(now, pushed, since, width[0] // np.dtype(np.float32).itemsize if width else 0)


def _entity(row: Row) -> Entity:
    return Entity(row["id"], row["audience_id"], np.frombuffer(row["vector"], np.float32))


def _json(numbers: Sequence[int]) -> str:
    return json.dumps([int(number) for number in numbers])
