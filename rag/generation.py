"""One generation of the index: a SQLite file with documents, passages, their words and vectors, all of it derived.

Passages are never changed, only added and removed, under ids that are never used again: so two counters tell any
reader, in this process or another, exactly what it has not seen yet.
"""

import json
import shutil
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.catalog import EVERY_SOURCE, Standing
from rag.indexing.index import Index, Suited
from rag.indexing.local_index import LocalIndex
from rag.indexing.milvus import Milvus
from rag.indexing.milvus_index import MilvusIndex
from rag.passages import Document
from rag.store import Store

FORMAT = "2"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS audiences (
    id INTEGER PRIMARY KEY, collection TEXT NOT NULL, groups TEXT NOT NULL, UNIQUE (collection, groups));
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, doc_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
    audience_id INTEGER NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, owner TEXT NOT NULL, date TEXT NOT NULL,
    origin TEXT NOT NULL, UNIQUE (source_id, doc_id));
CREATE INDEX IF NOT EXISTS documents_by_name ON documents (doc_id);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER NOT NULL, audience_id INTEGER NOT NULL,
    chunk_id TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL, digest BLOB NOT NULL, vector BLOB NOT NULL,
    length INTEGER NOT NULL, words BLOB NOT NULL, page INTEGER NOT NULL, fold BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_document ON passages (document_id);
CREATE INDEX IF NOT EXISTS passages_by_digest ON passages (digest);
CREATE TABLE IF NOT EXISTS early (
    digest BLOB NOT NULL, source_id INTEGER NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (digest, source_id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS removals (
    id INTEGER PRIMARY KEY AUTOINCREMENT, passage_id INTEGER NOT NULL, audience_id INTEGER NOT NULL);
CREATE TRIGGER IF NOT EXISTS passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO removals (passage_id, audience_id) VALUES (old.id, old.audience_id);
END;
CREATE TRIGGER IF NOT EXISTS document_removed AFTER DELETE ON documents BEGIN
    DELETE FROM passages WHERE document_id = old.id;
END;
"""


@dataclass(frozen=True, slots=True)
class Removed:
    """What went from one generation: documents, and passages, each with its vector and its words."""

    generation: int
    documents: int
    passages: int


class Generation:
    """Its file, and the index over it; `embedder` names what made its vectors, `asking` what embeds questions now.

    The vectors are searched in Milvus where there is one, else in this process.
    """

    def __init__(self, number: int, path: Path, embedder: str, asking: str, milvus: Milvus | None = None) -> None:
        self.number, self.embedder = number, embedder
        self.store = Store(path, _SCHEMA, FORMAT)
        self.index: Index = Suited(_index(self.store, path, milvus), same=embedder == asking)

    def close(self) -> None:
        """Gives the file back."""
        self.index.close()
        self.store.close()

    def remove(self, doc_ids: Iterable[str], source_id: int = EVERY_SOURCE) -> Removed:
        """Removes documents, of one source or of all, with all that was derived from them."""
        named = json.dumps(list(doc_ids))
        where = """documents.doc_id IN (SELECT value FROM json_each(?)) AND (? = 0 OR documents.source_id = ?)"""
        return self._remove(where, (named, source_id, source_id))

    def remove_sources(self, source_ids: Iterable[int]) -> Removed:
        """Removes every document of these sources."""
        named = json.dumps(list(source_ids))
        with self.store.writing() as db:
            db.execute("DELETE FROM early WHERE source_id IN (SELECT value FROM json_each(?))", (named,))
        return self._remove("documents.source_id IN (SELECT value FROM json_each(?))", (named,))

    def document(self, doc_id: str, groups: frozenset[str], standing: Standing) -> Document | None:
        """Returns the document if it stands and one of the groups may read it; the reasons are not told apart."""
        query = """SELECT documents.*, collection, groups FROM documents
                   JOIN audiences ON audiences.id = audience_id WHERE doc_id = ? ORDER BY documents.id"""
        with self.store.reading() as db:
            rows = db.execute(query, (doc_id,)).fetchall()
        allowed = (row for row in rows if standing.holds(doc_id, row["source_id"]) and may_read(row["groups"], groups))
        return next((_document(row) for row in allowed), None)

    def readers(self, doc_id: str, standing: Standing) -> list[frozenset[str]]:
        """Returns the groups of each document of this name that stands; no groups are everybody."""
        query = """SELECT source_id, groups FROM documents
                   JOIN audiences ON audiences.id = audience_id WHERE doc_id = ?"""
        with self.store.reading() as db:
            rows = db.execute(query, (doc_id,)).fetchall()
        return [frozenset(json.loads(row["groups"])) for row in rows if standing.holds(doc_id, row["source_id"])]

    def has(self, doc_id: str) -> bool:
        """Tells whether any source's document of this name is here."""
        with self.store.reading() as db:
            return db.execute("SELECT 1 FROM documents WHERE doc_id = ? LIMIT 1", (doc_id,)).fetchone() is not None

    def stands(self, doc_id: str, standing: Standing) -> bool:
        """Tells whether any source's document of this name may be shown to somebody."""
        with self.store.reading() as db:
            rows = db.execute("SELECT source_id FROM documents WHERE doc_id = ?", (doc_id,)).fetchall()
        return any(standing.holds(doc_id, row["source_id"]) for row in rows)

    def audiences(self, groups: frozenset[str], collections: Collection[str] = ()) -> list[int]:
        """Returns the ids of the audiences, of some collections or of all, that somebody in these groups belongs to."""
        with self.store.reading() as db:
            rows = db.execute("SELECT id, collection, groups FROM audiences ORDER BY id").fetchall()
        return [
            row["id"]
            for row in rows
            if (not collections or row["collection"] in collections) and may_read(row["groups"], groups)
        ]

    def counts(self) -> dict[int, list[tuple[str, int]]]:
        """Counts each source's documents by who may read them, the most first."""
        query = """SELECT source_id, groups, count(*) AS count FROM documents
                   JOIN audiences ON audiences.id = audience_id
                   GROUP BY source_id, groups ORDER BY count DESC, groups"""
        readers: dict[int, list[tuple[str, int]]] = {}
        with self.store.reading() as db:
            for row in db.execute(query):
                told = ", ".join(json.loads(row["groups"])) or "everybody"
                readers.setdefault(row["source_id"], []).append((told, row["count"]))
        return readers

    def size(self) -> tuple[int, int]:
        """Returns how many documents and passages there are."""
        with self.store.reading() as db:
            row = db.execute("SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM passages)").fetchone()
        return row[0], row[1]

    def dimension(self) -> int:
        """Returns how long the vectors in here are; 0 where there is none."""
        with self.store.reading() as db:
            row = db.execute("SELECT length(vector) FROM passages LIMIT 1").fetchone()
        return row[0] // 4 if row else 0

    def names(self, source_id: int = EVERY_SOURCE) -> set[str]:
        """Returns the name of every document, of one source or of all."""
        query = "SELECT doc_id FROM documents WHERE ? = 0 OR source_id = ?"
        with self.store.reading() as db:
            return {row[0] for row in db.execute(query, (source_id, source_id))}

    def documents(self, source_id: int, names: Iterable[str]) -> Iterator[tuple[Document, str]]:
        """Yields documents of a source with the fingerprint each was made from."""
        query = """SELECT documents.*, collection, groups FROM documents
                   JOIN audiences ON audiences.id = audience_id WHERE source_id = ? AND doc_id = ?"""
        for name in sorted(names):
            with self.store.reading() as db:
                row = db.execute(query, (source_id, name)).fetchone()
            if row:
                yield _document(row), row["fingerprint"]

    def titles(self, count: int) -> list[tuple[str, str]]:
        """Returns name and title of so many documents, spread over all."""
        query = """SELECT doc_id, title FROM documents WHERE id % max(1, (SELECT count(*) FROM documents) / ?) = 0
                   AND title != '' LIMIT ?"""
        with self.store.reading() as db:
            return [(row[0], row[1]) for row in db.execute(query, (count, count))]

    def every_audience(self) -> list[int]:
        """Returns the ids of all audiences; for checks, never for a person's question."""
        with self.store.reading() as db:
            return [row[0] for row in db.execute("SELECT id FROM audiences")]

    def among(self, doc_id: str, passages: Iterable[int]) -> bool:
        """Tells whether one of these passages is of a document of this name, or of one with the same title."""
        query = """SELECT 1 FROM passages JOIN documents ON documents.id = document_id
                   WHERE passages.id IN (SELECT value FROM json_each(?))
                   AND title IN (SELECT title FROM documents WHERE doc_id = ?) LIMIT 1"""
        with self.store.reading() as db:
            return db.execute(query, (json.dumps(list(passages)), doc_id)).fetchone() is not None

    def keep_only_as(self, other: "Generation") -> None:
        """Removes what the other generation has otherwise: changed since, or for other readers."""
        theirs, ours = other._fingerprints(), self._fingerprints()
        changed = [name for name, made in ours.items() if theirs.get(name, made) != made]
        with self.store.writing() as db:
            db.executemany("DELETE FROM documents WHERE source_id = ? AND doc_id = ?", changed)

    def _fingerprints(self) -> dict[tuple[int, str], str]:
        """Returns each document's fingerprint, less what says how it was made."""
        with self.store.reading() as db:
            rows = db.execute("SELECT source_id, doc_id, fingerprint FROM documents").fetchall()
        return {(row[0], row[1]): row[2].partition(":")[2] for row in rows}

    def _remove(self, where: str, values: Sequence[object]) -> Removed:
        """Deletes what fits the condition, ours to the letter; nothing of a document's is in it."""
        counting = f"SELECT count(*) FROM passages JOIN documents ON documents.id = document_id WHERE {where}"  # noqa: S608
        with self.store.writing() as db:
            passages = db.execute(counting, values).fetchone()[0]
            documents = db.execute(f"DELETE FROM documents WHERE {where}", values).rowcount  # noqa: S608
        if documents:
            self.store.shed()
        return Removed(self.number, documents, passages)


def _index(store: Store, path: Path, milvus: Milvus | None) -> Index:
    """Returns the index; the other kind's snapshot goes, for nobody would take out of it what is deleted."""
    whole, words = path.with_suffix(".index"), path.with_suffix(".words")
    shutil.rmtree(whole if milvus else words, ignore_errors=True)
    return MilvusIndex(store, words, milvus) if milvus else LocalIndex(store, whole)


def may_read(audience: str, groups: frozenset[str]) -> bool:
    """Tells whether one of the groups is in the audience, written as JSON; an empty audience is everybody."""
    named = json.loads(audience)
    return not named or not groups.isdisjoint(named)


def _document(row: sqlite3.Row) -> Document:
    fields = (row["doc_id"], row["title"], row["text"], row["collection"], frozenset(json.loads(row["groups"])))
    return Document(*fields, owner=row["owner"], date=row["date"], origin=row["origin"])
