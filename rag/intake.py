"""Takes a source's documents into the store: only what changed is parsed, and only new passages are embedded."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field

from rag.catalog import Catalog
from rag.chunking import passages
from rag.embedder import Embedder
from rag.errors import Unreadable
from rag.generation import Generation
from rag.passages import Document, Passage
from rag.sources import Entry, Failure, Source
from rag.terms import packed
from rag.words import language, plain, printable, stems

MAKE = "3"  # part of every fingerprint: change it when parsing or chunking gives other passages
BATCH = 32


@dataclass(slots=True)
class Report:
    """What a sync did: documents by outcome; `failed` holds pairs of a path and the reason.

    `withheld` counts those that an admin deleted: they stay away although the source still holds them.
    """

    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    withheld: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


class Intake:
    """One sync of one source.

    A document that gives no text any more is removed, unless the reason may pass (no permission, a share away): then
    its older version stays. Each document is a transaction: stopped half-way, the next sync goes on from there.
    """

    def __init__(self, catalog: Catalog, generation: Generation, embedder: Embedder, source: Source) -> None:
        self._catalog, self._generation, self._embedder, self._source = catalog, generation, embedder, source
        self._store = generation.store
        self._number = catalog.source(str(source.root), source.collection, source.groups, source.prefix)
        self._report = Report()
        self._standing = set[str]()

    def run(self, progress: Callable[[str], None] | None = None) -> Report:
        """Takes over what is new, changed or gone; tells `progress` each document it is done with."""
        known, deleted = self._fingerprints(), self._catalog.deleted(self._number)
        for entry in self._source.entries():
            if isinstance(entry, Failure):
                self._fail(entry.path, entry.reason, entry.keeps)
            elif entry.doc_id in deleted:
                self._report.withheld += 1
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
            db.execute("DELETE FROM documents WHERE source_id = ? AND doc_id = ?", (self._number, entry.doc_id))
            self._insert(db, document, _made(entry), list(zip(cut, vectors, strict=True)))
        self._standing.add(entry.doc_id)
        self._report.indexed += 1
        if document.remark:
            self._report.failed.append((printable(entry.doc_id), document.remark))

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
            (self._number, document.doc_id, made, audience, *described),
        ).lastrowid
        spoken = language(document.text)
        for passage, (digest, vector) in cut:
            tongue = language(passage.text, spoken)
            told = (stems(plain(text), tongue) for text in (passage.title, passage.heading, passage.text))
            fields = (row, audience, passage.chunk_id, passage.heading, passage.text, digest, vector, *packed(*told))
            db.execute("INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", fields)

    def _fingerprints(self) -> dict[str, str]:
        with self._store.reading() as db:
            query = "SELECT doc_id, fingerprint FROM documents WHERE source_id = ?"
            return dict(db.execute(query, (self._number,)).fetchall())

    def _finish(self, vanished: list[str]) -> None:
        """Removes what vanished, and what was deleted or forgotten while we were reading."""
        deleted = self._catalog.deleted(self._number) & self._standing
        self._generation.remove([*vanished, *deleted], self._number)
        if self._number not in self._catalog.standing().sources:
            self._generation.remove_sources([self._number])
        self._catalog.synced(self._number, self._report.failed)
        self._report.removed = len(vanished)


def _made(entry: Entry) -> str:
    return f"{MAKE}:{entry.fingerprint}"


def _audience(db: sqlite3.Connection, document: Document) -> int:
    key = document.collection, json.dumps(sorted(document.groups))
    db.execute("INSERT OR IGNORE INTO audiences VALUES (NULL, ?, ?)", key)
    return int(db.execute("SELECT id FROM audiences WHERE collection = ? AND groups = ?", key).fetchone()["id"])
