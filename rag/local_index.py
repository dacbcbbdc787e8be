"""The index in this process: a part for each audience, filled from the store and from the newest snapshot beside it."""

import fcntl
import logging
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from sqlite3 import Connection, Row
from threading import Lock, Thread

import numpy as np

from rag.embedder import Vectors
from rag.part import Part
from rag.postings import K1
from rag.snapshot import Counters, load, newest, save
from rag.store import Store
from rag.terms import term
from rag.words import query_stems

MOST_WORDS = 48
LEAST = 2000  # additions and removals for which no snapshot is worth its writing
GROWN = 0.2  # of all passages: so much added or removed since the snapshot, and another is written
_CHUNK = 4000  # passages read from the store at once

log = logging.getLogger(__name__)


class LocalIndex:
    """What the store holds, kept up to date whoever writes there.

    Once much was added or removed, a thread writes a new snapshot, without the dead, and goes on with that.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store, self._folder = store, folder
        self._parts: dict[int, Part] = {}
        self._seen: Counters = (0, 0)
        self._refreshing = Lock()
        self._settling: Thread | None = None

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        found = [pair for part in self._fresh(audiences) if part.suits(vector) for pair in part.near(vector, k)]
        return [passage for _, passage in sorted(found, key=_best_first)[:k]]

    def said(self, question: str, audiences: Sequence[int], k: int) -> dict[int, float]:
        parts = self._fresh(audiences)
        everything = list(self._parts.values())
        total, length = sum(map(len, everything)), sum(part.words for part in everything)
        if not parts or not total:
            return {}
        sought = _Sought(question, everything, total)
        found = [pair for part in parts for pair in part.said(sought.terms, sought.rarities, length / total, k)]
        return {passage: min(score / sought.most, 1.0) for score, passage in sorted(found, key=_best_first)[:k]}

    def vectors(self, ids: Sequence[int]) -> Vectors:
        wanted = np.array(ids, np.int64)
        found: Vectors | None = None
        for part in self._fresh():
            here, rows = part.rows(wanted)
            if found is None:
                found = np.zeros((len(wanted), rows.shape[1]), np.float32)
            found[here] = rows
        return np.zeros((len(wanted), 1), np.float32) if found is None else found

    def settle(self) -> None:
        with self._store.reading() as db:
            now = _counters(db)
        kept = newest(self._folder, now) or (0, 0)
        if _grown(now, kept) > LEAST:
            self._fresh()
            self.close()  # may be at it
            self._settle()

    def close(self) -> None:
        if self._settling:
            self._settling.join()

    def _fresh(self, audiences: Iterable[int] | None = None) -> list[Part]:
        """Returns the parts of these audiences, or of all."""
        with self._refreshing:
            self._refresh()
            wanted = self._parts if audiences is None else audiences
            return [self._parts[audience] for audience in wanted if audience in self._parts]

    def _refresh(self) -> None:
        """Takes over what was added to and removed from the store since the last time."""
        with self._store.reading() as db:
            now = _counters(db)
            if now == self._seen:
                return
            if self._seen == (0, 0) and (snapshot := load(self._folder, self._store.identity, now)):
                self._parts, self._seen = snapshot.parts, snapshot.seen
            self._catch_up(db, now)
        grown, total = sum(part.grown for part in self._parts.values()), sum(map(len, self._parts.values()))
        if grown > max(LEAST, GROWN * total) and not (self._settling and self._settling.is_alive()):
            self._settling = Thread(target=self._settle, name="index")
            self._settling.start()

    def _catch_up(self, db: Connection, now: Counters) -> None:
        for audience, rows in _added(db, self._seen[0]):
            self._add(audience, rows)
        query = "SELECT passage_id, audience_id FROM removals WHERE id > ?"
        for passage, audience in db.execute(query, self._seen[1:]):
            if audience in self._parts:
                self._parts[audience].remove(passage)
        self._seen = now

    def _settle(self) -> None:
        """Writes a snapshot, unless another process does or did, and goes on with the newest."""
        try:
            with _alone(self._folder) as alone:
                if alone:
                    self._write()
        except OSError as error:
            log.warning("no snapshot of the index written", extra={"reason": error.strerror})

    def _write(self) -> None:
        with self._refreshing:
            seen, parts = self._seen, {audience: part.frozen() for audience, part in self._parts.items()}
        kept = newest(self._folder, seen) or (0, 0)
        if _grown(seen, kept) > LEAST:
            arrays = {audience: part.arrays() for audience, part in parts.items()}
            save(
                self._folder, self._store.identity, seen, {name: each for name, each in arrays.items() if len(each.ids)}
            )
            del arrays
        snapshot = load(self._folder, self._store.identity, seen)
        if snapshot:
            with self._refreshing, self._store.reading() as db:
                self._parts, self._seen = snapshot.parts, snapshot.seen
                self._catch_up(db, _counters(db))

    def _add(self, audience: int, rows: list[Row]) -> None:
        vectors = np.frombuffer(b"".join(row["vector"] for row in rows), np.float32).reshape(len(rows), -1)
        if audience not in self._parts:
            self._parts[audience] = Part.empty(vectors.shape[1])
        ids, lengths = [row["id"] for row in rows], [row["length"] for row in rows]
        self._parts[audience].add(ids, lengths, [row["words"] for row in rows], vectors)


class _Sought:
    """The words of a question, with what each weighs among all passages there are."""

    def __init__(self, question: str, parts: list[Part], total: int) -> None:
        groups = query_stems(question)
        stems = list(dict.fromkeys(stem for group in groups for stem in sorted(group)))
        counts = np.sum([part.counts(_terms(stems)) for part in parts], axis=0).tolist() if stems else []
        holding = dict(zip(stems, counts, strict=True))
        weights = {group: max(rarity(total, max(holding[stem] for stem in group)), 0.0) for group in groups}
        said = sorted((group for group in groups if weights[group]), key=lambda group: -weights[group])[:MOST_WORDS]
        wanted = [stem for group in said for stem in sorted(group) if holding[stem]]
        self.terms = _terms(wanted)
        self.rarities = [max(rarity(total, holding[stem]), 0.0) for stem in wanted]
        self.most = sum(weights.values()) * (K1 + 1) or 1.0


def _counters(db: Connection) -> Counters:
    counters = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return counters.get("passages", 0), counters.get("removals", 0)


def _grown(now: Counters, then: Counters) -> int:
    return now[0] - then[0] + now[1] - then[1]


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Tells whether no other process, nor thread, is at the folder's snapshots."""
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "lock"
    path.touch(mode=0o600)
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def _terms(stems: list[str]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array([term(stem) for stem in stems], np.uint64)


def rarity(total: int, holding: int) -> float:
    """Returns the inverse document frequency; below 0 for words in half of all passages."""
    return math.log((total - holding + 0.5) / (holding + 0.5))


def _best_first(pair: tuple[float, int]) -> tuple[float, int]:
    return -pair[0], pair[1]


def _added(db: Connection, seen: int) -> Iterable[tuple[int, list[Row]]]:
    """Yields what was added, a piece of one audience at a time, each audience's in ascending order."""
    query = "SELECT id, audience_id, length, words, vector FROM passages WHERE id > ? ORDER BY id"
    rows = db.execute(query, (seen,))
    while chunk := rows.fetchmany(_CHUNK):
        by_audience = defaultdict(list)
        for row in chunk:
            by_audience[row["audience_id"]].append(row)
        yield from by_audience.items()
