"""The index in this process: a part for each audience, filled from the store and from the newest snapshot beside it."""

import logging
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from sqlite3 import Connection, Row
from threading import Lock, Thread

import numpy as np

from rag.embedder import Vectors
from rag.indexing.part import Arrays, Frozen, Part
from rag.indexing.postings import K1
from rag.indexing.snapshot import NOTHING, Counters, counters, load, newest, save
from rag.indexing.terms import term
from rag.locks import held
from rag.store import Store
from rag.words import query_stems

MOST_WORDS = 48
FEWEST = 5  # passages among which a word can be rare: in fewer it is as rare as if there were so many
LEAST = 2000  # additions and removals for which no snapshot is worth its writing
GROWN = 0.2  # of all passages: so much added or removed since the snapshot, and another is written
DEAD_S = 3600.0  # the longest that what was removed stays in a snapshot, or in memory
_CHUNK = 4000  # passages read from the store at once

log = logging.getLogger(__name__)


class LocalIndex:
    """What the store holds, kept up to date whoever writes there.

    Once much was added or removed, or something removed an hour ago, a thread writes a new snapshot without the dead
    and goes on with that.
    """

    def __init__(self, store: Store, folder: Path, *, vectors: bool = True) -> None:
        """Takes where snapshots are kept; without vectors, those are elsewhere and only words are searched."""
        self._store, self._folder = store, folder
        self._vector = "vector" if vectors else "zeroblob(0)"
        self._parts: dict[int, Part] = {}
        self._seen = NOTHING
        self._refreshing = Lock()
        self._settling: Thread | None = None
        self._settled = -math.inf

    def near(self, vector: Vectors, audiences: Sequence[int], k: int) -> list[int]:
        found = [pair for part in self._fresh(audiences) if part.suits(vector) for pair in part.near(vector, k)]
        return [passage for _, passage in sorted(found, key=_best_first)[:k]]

    def said(self, question: str, audiences: Sequence[int], k: int, among: Sequence[int] = ()) -> dict[int, float]:
        parts = self._fresh(audiences)
        weighed = self._fresh(among) if among else parts
        total, length = sum(map(len, weighed)), sum(part.words for part in weighed)
        if not parts or not total:
            return {}
        sought = _Sought(question, weighed, total)
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
            now = counters(db)
        if self._due(now):
            unasked = self._seen == NOTHING
            self._fresh()
            self.close()  # may be at it
            self._settle()
            if unasked:  # whoever asks it first maps the snapshot
                self._replace({}, NOTHING)

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
            now = counters(db)
            if now == self._seen:
                return
            if self._seen == NOTHING:
                snapshot = load(self._folder, self._store.identity, now)
                self._parts, self._seen = (snapshot.parts, snapshot.seen) if snapshot else ({}, NOTHING)
            self._catch_up(db, now)
        parts = self._parts.values()
        much = sum(part.grown for part in parts) > max(LEAST, GROWN * sum(map(len, parts)))
        if much or (any(part.dead for part in parts) and time.monotonic() - self._settled > DEAD_S):
            self._settle_beside()

    def _catch_up(self, db: Connection, now: Counters) -> None:
        seen, self._seen = self._seen, NOTHING  # should this break off, it is begun anew
        for audience, rows in _added(db, seen[0], self._vector):
            self._add(audience, rows)
        query = "SELECT passage_id, audience_id FROM removals WHERE id > ?"
        for passage, audience in db.execute(query, seen[1:]):
            if audience in self._parts:
                self._parts[audience].remove(passage)
        self._seen = now

    def _settle_beside(self) -> None:
        if not (self._settling and self._settling.is_alive()):
            self._settling = Thread(target=self._settle, name="index")
            self._settling.start()

    def _settle(self) -> None:
        """Writes a snapshot where one is due, unless another process does, and goes on with the newest."""
        self._settled = time.monotonic()
        with self._refreshing:
            seen, parts = self._seen, {audience: part.frozen() for audience, part in self._parts.items()}
        snapshot = None
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with held(self._folder / "lock") as first:
                if not first:
                    return
                if self._due(seen):
                    save(self._folder, self._store.identity, seen, _compact(parts))
                snapshot = load(self._folder, self._store.identity, seen)
        except OSError as error:
            log.warning("no snapshot of the index written", extra={"reason": error.strerror or str(error)})
        if snapshot:
            self._replace(snapshot.parts, snapshot.seen)
        else:
            self._replace({audience: Part.of(arrays) for audience, arrays in _compact(parts).items()}, seen)

    def _due(self, now: Counters) -> bool:
        """Whether the newest snapshot lacks much, or has held for long what was removed."""
        kept = newest(self._folder, self._store.identity, now)
        seen = kept.seen if kept else NOTHING
        lacking = now[0] - seen[0] + now[1] - seen[1]
        return lacking > LEAST or bool(kept and now[1] > seen[1] and time.time() - kept.written > DEAD_S)

    def _replace(self, parts: dict[int, Part], seen: Counters) -> None:
        with self._refreshing, self._store.reading() as db:
            self._parts, self._seen = parts, seen
            if seen != NOTHING:
                self._catch_up(db, counters(db))

    def _add(self, audience: int, rows: list[Row]) -> None:
        vectors = np.frombuffer(b"".join(row["vector"] for row in rows), np.float32).reshape(len(rows), -1)
        if audience not in self._parts:
            self._parts[audience] = Part.empty(vectors.shape[1])
        ids, lengths = [row["id"] for row in rows], [row["length"] for row in rows]
        self._parts[audience].add(ids, lengths, [row["words"] for row in rows], vectors)


class _Sought:
    """The words of a question, with what each weighs among the passages that its asker may read.

    Among no others: how rare a word is would else tell whether closed documents hold it.
    """

    def __init__(self, question: str, parts: list[Part], total: int) -> None:
        groups, among = query_stems(question), max(total, FEWEST)
        stems = list(dict.fromkeys(stem for group in groups for stem in sorted(group)))
        counts = np.sum([part.counts(_terms(stems)) for part in parts], axis=0).tolist() if stems else []
        holding = dict(zip(stems, counts, strict=True))
        weights = {group: max(rarity(among, max(holding[stem] for stem in group)), 0.0) for group in groups}
        said = sorted((group for group in groups if weights[group]), key=lambda group: -weights[group])[:MOST_WORDS]
        wanted = [stem for group in said for stem in sorted(group) if holding[stem]]
        self.terms = _terms(wanted)
        self.rarities = [max(rarity(among, holding[stem]), 0.0) for stem in wanted]
        self.most = sum(weights.values()) * (K1 + 1) or 1.0


def _compact(parts: Mapping[int, Frozen]) -> dict[int, Arrays]:
    """Returns each part without its dead, less those with nothing else in them."""
    compact = {audience: part.arrays() for audience, part in parts.items()}
    return {audience: arrays for audience, arrays in compact.items() if len(arrays.ids)}


def _terms(stems: list[str]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array([term(stem) for stem in stems], np.uint64)


def rarity(total: int, holding: int) -> float:
    """Returns the inverse document frequency; below 0 for words in half of all passages."""
    return math.log((total - holding + 0.5) / (holding + 0.5))


def _best_first(pair: tuple[float, int]) -> tuple[float, int]:
    return -pair[0], pair[1]


def _added(db: Connection, seen: int, vector: str) -> Iterable[tuple[int, list[Row]]]:
    """Yields what was added, a piece of one audience at a time, each audience's in ascending order."""
    query = f"SELECT id, audience_id, length, words, {vector} AS vector FROM passages WHERE id > ? ORDER BY id"  # noqa: S608
    rows = db.execute(query, (seen,))
    while chunk := rows.fetchmany(_CHUNK):
        by_audience = defaultdict(list)
        for row in chunk:
            by_audience[row["audience_id"]].append(row)
        yield from by_audience.items()
