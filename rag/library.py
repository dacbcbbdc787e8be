"""The documents we know: kept in step with their sources, looked up by those who may read them."""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rag.background import Background
from rag.embedder import Embedder
from rag.index import VectorIndex
from rag.intake import Intake, Report
from rag.passages import Document
from rag.sources import Source
from rag.store import Store


@dataclass(frozen=True, slots=True)
class Synced:
    """A source as last taken in; `last_sync` is an ISO time in UTC, `readers` says how many documents are whose."""

    source: Source
    documents: int
    last_sync: str
    readers: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Stats:
    """How much is known; `last_sync` is the latest of all sources', empty before the first."""

    documents: int
    passages: int
    sources: int
    last_sync: str


class Library:
    """Documents in a store, with their vectors in memory. Every method blocks: call it through a thread."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self.store, self.embedder = store, embedder
        self.vectors = VectorIndex(store)

    @cached_property
    def background(self) -> Background:
        """What is usual between texts for this embedder; worked out once."""
        return Background.of(self.embedder)

    @classmethod
    def open(cls, path: Path, embedder: Embedder) -> "Library":
        """Opens the index file at `path`, or makes it; raises LibraryError where that fails."""
        return cls(Store(path, embedder.name), embedder)

    def close(self) -> None:
        """Gives the file back; the library is not used again."""
        self.store.close()

    def sync(self, source: Source, progress: Callable[[str], None] | None = None) -> Report:
        """Takes over what is new, changed or gone in the source; safe beside searches and other syncs."""
        return Intake(self.store, self.embedder, source).run(progress)

    def delete(self, doc_id: str) -> bool:
        """Removes a document at once; it comes back with the next sync if its source still holds it."""
        with self.store.writing() as db:
            return db.execute("DELETE FROM documents WHERE doc_id = ?", (doc_id,)).rowcount > 0

    def forget(self, path: Path) -> int:
        """Removes the source at this path, in every collection, and returns how many documents went with it."""
        root = (str(Source(path).root),)
        with self.store.writing() as db:
            query = "DELETE FROM documents WHERE source_id IN (SELECT id FROM sources WHERE path = ?)"
            gone = db.execute(query, root).rowcount
            db.execute("DELETE FROM sources WHERE path = ?", root)
        return gone

    def document(self, doc_id: str, groups: frozenset[str]) -> Document | None:
        """Returns the document if it exists and one of the groups may read it; the two are not told apart."""
        query = """SELECT documents.*, collection, groups FROM documents
                   JOIN audiences ON audiences.id = audience_id WHERE doc_id = ? ORDER BY documents.id"""
        with self.store.reading() as db:
            rows = db.execute(query, (doc_id,)).fetchall()
        return next((_document(row) for row in rows if may_read(row["groups"], groups)), None)

    def audiences(self, groups: frozenset[str], collections: Collection[str] = ()) -> list[int]:
        """Returns the ids of the audiences, of some collections or of all, that somebody in these groups belongs to."""
        with self.store.reading() as db:
            rows = db.execute("SELECT id, collection, groups FROM audiences ORDER BY id").fetchall()
        return [
            row["id"]
            for row in rows
            if (not collections or row["collection"] in collections) and may_read(row["groups"], groups)
        ]

    def sources(self) -> list[Synced]:
        """Returns every source, ready to be synced again."""
        query = """SELECT sources.*, count(documents.id) AS documents FROM sources
                   LEFT JOIN documents ON source_id = sources.id GROUP BY sources.id ORDER BY sources.id"""
        with self.store.reading() as db:
            rows = db.execute(query).fetchall()
            readers = _readers(db)
        return [Synced(_source(row), row["documents"], row["synced"], tuple(readers[row["id"]])) for row in rows]

    def stats(self) -> Stats:
        """Returns counts over everything, whoever may read it."""
        query = """SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages),
                   count(*), coalesce(max(synced), '') FROM sources"""
        with self.store.reading() as db:
            return Stats(*db.execute(query).fetchone())


def may_read(audience: str, groups: frozenset[str]) -> bool:
    """Tells whether one of the groups is in the audience, written as JSON; an empty audience is everybody."""
    named = json.loads(audience)
    return not named or not groups.isdisjoint(named)


def _document(row: sqlite3.Row) -> Document:
    fields = (row["doc_id"], row["title"], row["text"], row["collection"], frozenset(json.loads(row["groups"])))
    return Document(*fields, owner=row["owner"], date=row["date"], origin=row["origin"])


def _readers(db: sqlite3.Connection) -> dict[int, list[tuple[str, int]]]:
    """Counts each source's documents by who may read them, the most first."""
    query = """SELECT source_id, groups, count(*) AS count FROM documents
               JOIN audiences ON audiences.id = audience_id GROUP BY source_id, groups ORDER BY count DESC, groups"""
    readers = defaultdict(list)
    for row in db.execute(query):
        readers[row["source_id"]].append((", ".join(json.loads(row["groups"])) or "everybody", row["count"]))
    return readers


def _source(row: sqlite3.Row) -> Source:
    return Source(Path(row["path"]), row["collection"], frozenset(json.loads(row["groups"])), row["prefix"])
