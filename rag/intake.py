"""Takes a source's documents into the store: only what changed is parsed, and only new passages are embedded."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rag.chunking import passages
from rag.embedder import Embedder
from rag.errors import Unreadable
from rag.passages import Document, Passage
from rag.sources import Entry, Failure, Source
from rag.store import Store
from rag.words import language, plain, printable, stems

MAKE = "2"  # part of every fingerprint: change it when parsing or chunking gives other passages
BATCH = 32


@dataclass(slots=True)
class Report:
    """What a sync did: documents by outcome; `failed` holds pairs of a path and the reason."""

    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


class Intake:
    """One sync of one source.

    A document that gives no text any more is removed, unless the reason may pass (no permission, a share away): then
    its older version stays. Each document is a transaction: stopped half-way, the next sync goes on from there.
    """

    def __init__(self, store: Store, embedder: Embedder, source: Source) -> None:
        self._store, self._embedder, self._source = store, embedder, source
        self._report = Report()
        self._standing = set[str]()

    def run(self, progress: Callable[[str], None] | None = None) -> Report:
        """Takes over what is new, changed or gone; tells `progress` each document it is done with."""
        known = self._fingerprints()
        for entry in self._source.entries():
            if isinstance(entry, Failure):
                self._fail(entry.path, entry.reason, entry.keeps)
            elif entry.doc_id in self._standing:
                self._fail(entry.doc_id, "another document of this source has the same id")
            elif known.get(entry.doc_id) == _made(entry):
                self._standing.add(entry.doc_id)
                self._report.unchanged += 1
            else:
                self._take(entry)
            if progress:
                progress(entry.path if isinstance(entry, Failure) else printable(entry.doc_id))
        self._finish(sorted(known.keys() - self._standing))
        return self._report

    def _fail(self, path: str, reason: str, keeps: str = "") -> None:
        self._report.failed.append((printable(path), reason))
        self._standing.add(keeps)

    def _take(self, entry: Entry) -> None:
        try:
            document = entry.load()
        except Unreadable as error:
            self._fail(entry.doc_id, error.reason, entry.doc_id if error.passing else "")
            return
        cut = passages(document)
        vectors = self._vectors([plain(passage.context) for passage in cut])
        with self._store.writing() as db:
            db.execute("DELETE FROM documents WHERE source_id = ? AND doc_id = ?", (self._row(db), entry.doc_id))
            self._insert(db, document, _made(entry), list(zip(cut, vectors, strict=True)))
        self._standing.add(entry.doc_id)
        self._report.indexed += 1

    def _vectors(self, texts: list[str]) -> list[tuple[bytes, bytes]]:
        """Returns digest and vector of each text, embedding only those that no passage has yet."""
        digests = [hashlib.sha256(text.encode()).digest() for text in texts]
        with self._store.reading() as db:
            found = {
                digest: row["vector"]
                for digest in set(digests)
                if (row := db.execute("SELECT vector FROM passages WHERE digest = ?", (digest,)).fetchone())
            }
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in found}
        for start in range(0, len(new), BATCH):
            batch = list(new.items())[start : start + BATCH]
            vectors = self._embedder.passages([text for _, text in batch])
            found |= {digest: vector.tobytes() for (digest, _), vector in zip(batch, vectors, strict=True)}
        return [(digest, found[digest]) for digest in digests]

    def _insert(
        self, db: sqlite3.Connection, document: Document, made: str, cut: list[tuple[Passage, tuple[bytes, bytes]]]
    ) -> None:
        audience = _audience(db, document)
        described = (document.title, document.text, document.owner, document.date, document.origin)
        row = db.execute(
            "INSERT INTO documents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (self._row(db), document.doc_id, made, audience, *described),
        ).lastrowid
        spoken = language(document.text)
        for passage, (digest, vector) in cut:
            fields = (row, audience, passage.chunk_id, passage.heading, passage.text, digest, vector)
            added = db.execute("INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?)", fields).lastrowid
            tongue = language(passage.text, spoken)
            told = (" ".join(stems(plain(text), tongue)) for text in (passage.title, passage.heading, passage.text))
            db.execute(
                "INSERT INTO words (rowid, audience, title, heading, body) VALUES (?, ?, ?, ?, ?)",
                (added, f"a{audience}", *told),
            )

    def _fingerprints(self) -> dict[str, str]:
        query = """SELECT doc_id, fingerprint FROM documents
                   JOIN sources ON sources.id = source_id WHERE path = ? AND collection = ?"""
        with self._store.reading() as db:
            return dict(db.execute(query, (str(self._source.root), self._source.collection)).fetchall())

    def _finish(self, vanished: list[str]) -> None:
        with self._store.writing() as db:
            row = self._row(db)
            db.executemany(
                "DELETE FROM documents WHERE source_id = ? AND doc_id = ?", [(row, name) for name in vanished]
            )
            now = datetime.now(UTC).isoformat(timespec="seconds")
            db.execute("UPDATE sources SET synced = ? WHERE id = ?", (now, row))
        self._report.removed = len(vanished)

    def _row(self, db: sqlite3.Connection) -> int:
        """Returns the source's id, writing down how it was given, so that it can be taken in again without asking."""
        source = self._source
        row = db.execute(
            """INSERT INTO sources VALUES (NULL, ?, ?, ?, ?, '') ON CONFLICT (path, collection)
               DO UPDATE SET groups = excluded.groups, prefix = excluded.prefix RETURNING id""",
            (str(source.root), source.collection, json.dumps(sorted(source.groups)), source.prefix),
        ).fetchone()
        return int(row["id"])


def _made(entry: Entry) -> str:
    return f"{MAKE}:{entry.fingerprint}"


def _audience(db: sqlite3.Connection, document: Document) -> int:
    key = document.collection, json.dumps(sorted(document.groups))
    db.execute("INSERT OR IGNORE INTO audiences VALUES (NULL, ?, ?)", key)
    return int(db.execute("SELECT id FROM audiences WHERE collection = ? AND groups = ?", key).fetchone()["id"])
