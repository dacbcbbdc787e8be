"""An embedder that embeds each text once and keeps its vector in a folder, so that a bench can be run again."""

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np

from rag.embedder import Embedder, Vectors

BATCH = 64
BUSY_S = 60.0


class KeptVectors:
    """Gives the vectors of another embedder; several processes may keep theirs in one folder at once."""

    def __init__(self, embedder: Embedder, folder: Path) -> None:
        self.name, self.dimension = embedder.name, embedder.dimension
        self._embedder = embedder
        self._file = folder / "vectors.db"
        folder.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as db:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("CREATE TABLE IF NOT EXISTS vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL)")

    def queries(self, texts: list[str]) -> Vectors:
        return self._kept("query", self._embedder.queries, texts)

    def passages(self, texts: list[str]) -> Vectors:
        return self._kept("passage", self._embedder.passages, texts)

    def _kept(self, kind: str, embed: Callable[[list[str]], Vectors], texts: list[str]) -> Vectors:
        digests = [hashlib.sha256(f"{self.name}\n{kind}\n{text}".encode("utf-8", "replace")).digest() for text in texts]
        with closing(self._open()) as db:
            found = {digest: self._row(db, digest) for digest in digests}
            new = {digest: text for digest, text in zip(digests, texts, strict=True) if not found[digest]}
            for start in range(0, len(new), BATCH):
                batch = list(new.items())[start : start + BATCH]
                vectors = embed([text for _, text in batch])
                rows = [(digest, vector.tobytes()) for (digest, _), vector in zip(batch, vectors, strict=True)]
                db.executemany("INSERT OR IGNORE INTO vectors VALUES (?, ?)", rows)
                found |= rows
        return np.frombuffer(b"".join(found[digest] for digest in digests), np.float32).reshape(len(texts), -1)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=BUSY_S, isolation_level=None)

    @staticmethod
    def _row(db: sqlite3.Connection, digest: bytes) -> bytes:
        row = db.execute("SELECT vector FROM vectors WHERE digest = ?", (digest,)).fetchone()
        return bytes(row[0]) if row else b""
