"""SQLite files of ours: connections lent to any number that read and one that writes. Knows no table but `meta`."""

import secrets
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from rag.errors import LibraryError

BUSY_S = 60.0
SHED_MS = 200  # that emptying the log may wait for searches to end


class Store:
    """One file with its schema, made where it is not there. Every SQLite error becomes a LibraryError."""

    def __init__(self, path: Path, schema: str, form: str) -> None:
        self.path = path
        self._idle: deque[sqlite3.Connection] = deque()
        self._writing = Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.touch(mode=0o600)
        except OSError as error:
            raise LibraryError(f"the index {path} cannot be created: {error.strerror}") from error
        with self._connection() as db:
            db.execute("PRAGMA page_size = 16384")  # a passage with its vector and words takes some 5 KB
            db.execute("PRAGMA journal_mode = WAL")
            db.executescript("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);" + schema)
        found, self.identity = self._agree(form)
        if found != form:
            raise LibraryError(f"the index {self.path} has format {found}, not {form}: an older or newer Hausgeist's")

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

    def shed(self) -> bool:
        """Empties the log of changes, in which what was deleted would stay for a while; False while others read."""
        with self._writing, self._connection() as db:
            db.execute(f"PRAGMA busy_timeout = {SHED_MS}")
            try:
                return not db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            finally:
                db.execute(f"PRAGMA busy_timeout = {1000 * BUSY_S:.0f}")

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            db = self._idle.pop() if self._idle else self._connect()
            try:
                yield db
            finally:
                self._idle.append(db)
        except sqlite3.Error as error:
            raise LibraryError(f"the index {self.path} failed: {error}; see that its disk has room") from error

    def _connect(self) -> sqlite3.Connection:
        # Never made here: a file that was removed must not come back empty.
        address = f"{self.path.absolute().as_uri()}?mode=rw"
        db = sqlite3.connect(address, timeout=BUSY_S, isolation_level=None, check_same_thread=False, uri=True)
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("PRAGMA secure_delete = ON")  # what was deleted is overwritten, not only unlinked
        return db

    def _agree(self, form: str) -> tuple[str, str]:
        """Returns format and identity; the first to open the file writes both down."""
        with self.reading() as db:
            said = dict(db.execute("SELECT key, value FROM meta").fetchall())
        if "identity" not in said:
            with self.writing() as db:
                rows = {"format": form, "identity": secrets.token_hex(8)}
                db.executemany("INSERT OR IGNORE INTO meta VALUES (?, ?)", rows.items())
                said = dict(db.execute("SELECT key, value FROM meta").fetchall())
        return said["format"], said["identity"]


@contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
