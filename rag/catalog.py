"""What outlives every index: sources, what was deleted, the generations there are and which of them answers.

One small SQLite file. Each transaction in it is short, so whatever an index is busy with, a deletion holds at once.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rag.store import Store

FORMAT = "1"
EVERY_SOURCE = 0  # a tombstone's source_id when the document is gone wherever it comes from
_SCHEMA = """
CREATE TABLE IF NOT EXISTS sources (
    id INTEGER PRIMARY KEY AUTOINCREMENT, address TEXT NOT NULL, collection TEXT NOT NULL, groups TEXT NOT NULL,
    prefix TEXT NOT NULL, minutes REAL, synced TEXT NOT NULL DEFAULT '', checked TEXT NOT NULL DEFAULT '',
    problem TEXT NOT NULL DEFAULT '', UNIQUE (address, collection));
CREATE TABLE IF NOT EXISTS failures (
    source_id INTEGER NOT NULL, path TEXT NOT NULL, reason TEXT NOT NULL, at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS failures_by_source ON failures (source_id);
CREATE TABLE IF NOT EXISTS tombstones (
    doc_id TEXT NOT NULL, source_id INTEGER NOT NULL, at TEXT NOT NULL, by TEXT NOT NULL,
    PRIMARY KEY (doc_id, source_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS generations (
    id INTEGER PRIMARY KEY AUTOINCREMENT, embedder TEXT NOT NULL, dimension INTEGER NOT NULL, make TEXT NOT NULL,
    state TEXT NOT NULL, made TEXT NOT NULL, verified TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS curated (
    id INTEGER PRIMARY KEY AUTOINCREMENT, questions TEXT NOT NULL, text TEXT NOT NULL, owner TEXT NOT NULL,
    groups TEXT NOT NULL, made TEXT NOT NULL, until TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS current (one INTEGER PRIMARY KEY CHECK (one = 1), generation INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS version (number INTEGER NOT NULL);
INSERT INTO version SELECT 0 WHERE NOT EXISTS (SELECT * FROM version);
"""
_TRIGGER = """
CREATE TRIGGER IF NOT EXISTS {table}_{event} AFTER {event} ON {table} BEGIN
    UPDATE version SET number = number + 1;
END;
"""
_WATCHED = (
    ("tombstones", "INSERT"),
    ("tombstones", "DELETE"),
    ("sources", "INSERT"),
    ("sources", "DELETE"),
    ("current", "INSERT"),
    ("current", "UPDATE"),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now: the generation that answers, the sources there are, and which documents are gone."""

    version: int
    generation: int
    sources: frozenset[int]
    gone: frozenset[tuple[str, int]]

    def holds(self, doc_id: str, source_id: int) -> bool:
        """Whether a document that an index still has may be shown."""
        return (
            source_id in self.sources
            and (doc_id, EVERY_SOURCE) not in self.gone
            and (doc_id, source_id) not in self.gone
        )


@dataclass(frozen=True, slots=True)
class Made:
    """A generation as written down; `state` is building, ready or failed, times are ISO in UTC."""

    id: int
    embedder: str
    dimension: int
    make: str
    state: str
    made: str
    verified: str
    note: str


class Catalog:
    """The file `catalog.db`. Every method blocks, for a moment."""

    def __init__(self, path: Path) -> None:
        watched = (_TRIGGER.format(table=table, event=event) for table, event in _WATCHED)
        self.store = Store(path, _SCHEMA + "".join(watched), FORMAT)
        self._standing = Standing(-1, 0, frozenset(), frozenset())

    def close(self) -> None:
        """Gives the file back."""
        self.store.close()

    def standing(self) -> Standing:
        """Returns what holds at this moment, whoever changed it; reads no more than a number while nothing did."""
        with self.store.reading() as db:
            version = int(db.execute("SELECT number FROM version").fetchone()[0])
            if version != self._standing.version:
                self._standing = _standing(db, version)
            return self._standing

    def source(self, address: str, collection: str, groups: Iterable[str], prefix: str) -> int:
        """Returns the source's id, writing down how it was given, so that it can be taken in again without asking."""
        query = """INSERT INTO sources (address, collection, groups, prefix) VALUES (?, ?, ?, ?)
                   ON CONFLICT (address, collection)
                   DO UPDATE SET groups = excluded.groups, prefix = excluded.prefix RETURNING id"""
        with self.store.writing() as db:
            told = (address, collection, json.dumps(sorted(groups)), prefix)
            return int(db.execute(query, told).fetchone()[0])

    def sources(self) -> list[sqlite3.Row]:
        """Returns the row of every source, the oldest first."""
        with self.store.reading() as db:
            return db.execute("SELECT * FROM sources ORDER BY id").fetchall()

    def synced(self, source_id: int, failed: Iterable[tuple[str, str]]) -> None:
        """Writes down that a source was read whole just now, and what of it could not be read."""
        now = moment()
        with self.store.writing() as db:
            db.execute("UPDATE sources SET synced = ?, checked = ?, problem = '' WHERE id = ?", (now, now, source_id))
            db.execute("DELETE FROM failures WHERE source_id = ?", (source_id,))
            rows = ((source_id, path, reason, now) for path, reason in failed)
            db.executemany("INSERT INTO failures VALUES (?, ?, ?, ?)", rows)

    def failed(self, source_id: int, problem: str) -> None:
        """Writes down that a source was tried just now, and why it could not be read whole."""
        with self.store.writing() as db:
            db.execute("UPDATE sources SET checked = ?, problem = ? WHERE id = ?", (moment(), problem, source_id))

    def every(self, source_id: int, minutes: float) -> None:
        """Sets how often a source is read again."""
        with self.store.writing() as db:
            db.execute("UPDATE sources SET minutes = ? WHERE id = ?", (minutes, source_id))

    def failures(self, source_id: int) -> list[sqlite3.Row]:
        """Returns the path, the reason and the time of everything in a source that could not be read."""
        query = "SELECT path, reason, at FROM failures WHERE source_id = ? ORDER BY path"
        with self.store.reading() as db:
            return db.execute(query, (source_id,)).fetchall()

    def failures_by_source(self) -> dict[int, int]:
        """Counts what could not be read, by the source it is in."""
        with self.store.reading() as db:
            return dict(db.execute("SELECT source_id, count(*) FROM failures GROUP BY source_id").fetchall())

    def forget(self, address: str) -> list[int]:
        """Drops the sources at this address, whose documents are gone with that; returns their ids."""
        with self.store.writing() as db:
            gone = [row["id"] for row in db.execute("DELETE FROM sources WHERE address = ? RETURNING id", (address,))]
            db.executemany("DELETE FROM failures WHERE source_id = ?", ((number,) for number in gone))
        return gone

    def bury(self, doc_ids: Iterable[str], by: str, source_id: int = EVERY_SOURCE) -> None:
        """Puts up a tombstone for each document: from now on it is in no answer, in no process."""
        with self.store.writing() as db:
            rows = ((doc_id, source_id, moment(), by) for doc_id in doc_ids)
            db.executemany("INSERT OR IGNORE INTO tombstones VALUES (?, ?, ?, ?)", rows)

    def raise_again(self, doc_ids: Iterable[str], source_id: int = EVERY_SOURCE) -> int:
        """Takes tombstones away; returns how many stood."""
        query = "DELETE FROM tombstones WHERE doc_id = ? AND source_id = ?"
        with self.store.writing() as db:
            return sum(db.execute(query, (doc_id, source_id)).rowcount for doc_id in doc_ids)

    def deleted(self, source_id: int) -> frozenset[str]:
        """Returns the documents of a source that are gone whatever it holds."""
        gone = self.standing().gone
        return frozenset(doc_id for doc_id, number in gone if number in (EVERY_SOURCE, source_id))

    def generations(self) -> list[Made]:
        """Returns every generation that is written down, the oldest first."""
        with self.store.reading() as db:
            return [Made(*row) for row in db.execute("SELECT * FROM generations ORDER BY id")]

    def first(self, embedder: str, make: str) -> None:
        """Makes sure that a generation of this make answers: where none does, an empty one."""
        query = "SELECT make FROM current JOIN generations ON generations.id = generation"
        with self.store.writing() as db:
            if (found := db.execute(query).fetchone()) is None or found["make"] != make:
                _answer(db, _begin(db, embedder, 0, make, "ready"))

    def begin(self, embedder: str, dimension: int, make: str) -> int:
        """Writes down a generation that is being built, and returns its number."""
        with self.store.writing() as db:
            return _begin(db, embedder, dimension, make, "building")

    def promote(self, number: int, note: str) -> None:
        """Lets a generation answer from now on: one commit, and every process notices with its next question."""
        query = "UPDATE generations SET state = 'ready', verified = ?, note = ? WHERE id = ?"
        with self.store.writing() as db:
            db.execute(query, (moment(), note, number))
            _answer(db, number)

    def fail(self, number: int, note: str) -> None:
        """Writes down why a generation will never answer."""
        with self.store.writing() as db:
            db.execute("UPDATE generations SET state = 'failed', note = ? WHERE id = ?", (note, number))

    def drop(self, number: int) -> None:
        """Forgets a generation."""
        with self.store.writing() as db:
            db.execute("DELETE FROM generations WHERE id = ?", (number,))


def moment() -> str:
    """The time now, as written down."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _begin(db: sqlite3.Connection, embedder: str, dimension: int, make: str, state: str) -> int:
    query = "INSERT INTO generations (embedder, dimension, make, state, made) VALUES (?, ?, ?, ?, ?) RETURNING id"
    return int(db.execute(query, (embedder, dimension, make, state, moment())).fetchone()[0])


def _answer(db: sqlite3.Connection, number: int) -> None:
    query = "INSERT INTO current VALUES (1, ?) ON CONFLICT (one) DO UPDATE SET generation = excluded.generation"
    db.execute(query, (number,))


def _standing(db: sqlite3.Connection, version: int) -> Standing:
    generation = db.execute("SELECT generation FROM current").fetchone()
    sources = frozenset(row[0] for row in db.execute("SELECT id FROM sources"))
    gone = frozenset((row[0], row[1]) for row in db.execute("SELECT doc_id, source_id FROM tombstones"))
    return Standing(version, generation[0] if generation else 0, sources, gone)
