"""The store of record: one SQLite file with documents, passages, their words and vectors. Knows no embedder, no FAISS.

Passages are never changed, only added and removed, under ids that are never used again: so two counters tell any
reader, in this process or another, exactly what it has not seen yet.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from rag.errors import LibraryError

FORMAT = "1"
BUSY_S = 60.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sources (
    id INTEGER PRIMARY KEY, path TEXT NOT NULL, collection TEXT NOT NULL, groups TEXT NOT NULL, prefix TEXT NOT NULL,
    synced TEXT NOT NULL, UNIQUE (path, collection));
CREATE TABLE IF NOT EXISTS audiences (
    id INTEGER PRIMARY KEY, collection TEXT NOT NULL, groups TEXT NOT NULL, UNIQUE (collection, groups));
CREATE TABLE IF NOT EXISTS documents (
    id INTEGER PRIMARY KEY, source_id INTEGER NOT NULL, doc_id TEXT NOT NULL, fingerprint TEXT NOT NULL,
    audience_id INTEGER NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL, owner TEXT NOT NULL, date TEXT NOT NULL,
    origin TEXT NOT NULL, UNIQUE (source_id, doc_id));
CREATE INDEX IF NOT EXISTS documents_by_name ON documents (doc_id);
CREATE TABLE IF NOT EXISTS passages (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id INTEGER NOT NULL, audience_id INTEGER NOT NULL,
    chunk_id TEXT NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL, digest BLOB NOT NULL, vector BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS passages_by_document ON passages (document_id);
CREATE INDEX IF NOT EXISTS passages_by_digest ON passages (digest);
CREATE TABLE IF NOT EXISTS removals (id INTEGER PRIMARY KEY AUTOINCREMENT, passage_id INTEGER NOT NULL);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (
    audience, title, heading, body, tokenize = "unicode61 remove_diacritics 0 tokenchars '_'");
CREATE VIRTUAL TABLE IF NOT EXISTS vocabulary USING fts5vocab (words, row);
CREATE TRIGGER IF NOT EXISTS passage_removed AFTER DELETE ON passages BEGIN
    INSERT INTO removals (passage_id) VALUES (old.id);
    DELETE FROM words WHERE rowid = old.id;
END;
CREATE TRIGGER IF NOT EXISTS document_removed AFTER DELETE ON documents BEGIN
    DELETE FROM passages WHERE document_id = old.id;
END;
"""


class Store:
    """Connections to the file: any number that read, one that writes. Every SQLite error becomes a LibraryError."""

    def __init__(self, path: Path, embedder: str) -> None:
        self._path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        except OSError as error:
            raise LibraryError(f"the index {path} cannot be created: {error.strerror}") from error
        with self._connection() as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript(_SCHEMA)
        self._agree("format", FORMAT)
        self._agree("embedder", embedder)

    def close(self) -> None:
        """Closes the connections that nobody uses; the store is not used again."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection that sees one state throughout; any number at once."""
        with self._connection() as db, _transaction(db, "BEGIN"):
            yield db

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lends a connection, one at a time; what is written appears whole, or not at all."""
        with self._writing, self._connection() as db, _transaction(db, "BEGIN IMMEDIATE"):
            yield db

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.pop() if self._idle else self._connect()
            try:
                yield db
            finally:
                self._idle.append(db)
        except sqlite3.Error as error:
            raise LibraryError(f"the index {self._path} failed: {error}; see that its disk has room") from error

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = NORMAL")
        return db

    def _agree(self, key: str, value: str) -> None:
        with self.writing() as db:
            db.execute("INSERT OR IGNORE INTO meta VALUES (?, ?)", (key, value))
            found = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()[0]
        if found != value:
            raise LibraryError(f"the index {self._path} has {key} {found}, not {value}: delete it and ingest again")


@contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
