"""Puts documents into a generation, many at a time: embedded together, and written in one transaction."""

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from hashlib import blake2b
from types import TracebackType
from typing import NamedTuple, Self

from rag.chunking import passages
from rag.embedder import Embedder
from rag.generation import Generation
from rag.indexing.terms import packed, terms
from rag.passages import Document, Passage
from rag.store import Store
from rag.words import language_of, plain, words

BATCH = 256  # passages that are embedded and written together
_LONG = 2 * BATCH
_ASKED = 500  # digests that are looked up at once
_LAYOUT = b" \t\n*_#|`~\\"  # what sets two copies of a text apart, and says nothing


class _Waiting(NamedTuple):
    document: Document
    made: str
    cut: list[Passage]


class _Described(NamedTuple):
    """A passage as it is embedded, and as it is written."""

    embedded: str
    chunk_id: str
    heading: str
    text: str
    digest: bytes
    length: int
    words: bytes
    page: int
    fold: bytes


class Shelver:
    """Takes documents one by one; embeds and writes them in a thread, while the next are read and cut.

    At most one batch is being written and one waits. What fails there is raised by the next call. What was put is
    written even when reading broke off.
    """

    def __init__(
        self, generation: Generation, embedder: Embedder, source_id: int, others: Iterable[Generation] = ()
    ) -> None:
        self._store, self._embedder, self._source_id = generation.store, embedder, source_id
        self._known = [generation.store, *(other.store for other in others if other.embedder == embedder.name)]
        self._waiting: list[_Waiting] = []
        self._weight = 0
        self._thread = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if not (error and self._writing and self._writing.done() and self._writing.exception() is error):
                self._hand_over()
                self._settle()
            if not error:
                self._tidy()
        finally:
            self._thread.shutdown()

    def put(self, document: Document, made: str) -> None:
        """Takes a document, in place of what stands under its name, with the fingerprint it was made from."""
        cut = passages(document)
        self._waiting.append(_Waiting(document, made, cut))
        self._weight += len(cut)
        if self._weight >= BATCH:
            self._hand_over()

    def _hand_over(self) -> None:
        self._settle()
        if self._waiting:
            self._writing = self._thread.submit(self._shelve, self._waiting)
            self._waiting, self._weight = [], 0

    def _settle(self) -> None:
        if self._writing:
            self._writing.result()

    def _shelve(self, batch: list[_Waiting]) -> None:
        rows = [list(_described(waiting.cut)) for waiting in batch]
        texts = {row.digest: row.embedded for described in rows for row in described}
        vectors = self._vectors(texts)
        with self._store.writing() as db:
            audiences = {readers: _audience(db, readers) for readers in {_readers(each.document) for each in batch}}
            for waiting, described in zip(batch, rows, strict=True):
                audience = audiences[_readers(waiting.document)]
                number = self._insert(db, waiting, audience)
                db.executemany(
                    "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(number, audience, *row[1:5], vectors[row.digest], *row[5:]) for row in described],
                )

    def _tidy(self) -> None:
        """Drops what was embedded early: by now its document is whole, or was another the next time it was read."""
        with self._store.reading() as db:
            left = db.execute("SELECT 1 FROM early WHERE source_id = ?", (self._source_id,)).fetchone()
        if left:
            with self._store.writing() as db:
                db.execute("DELETE FROM early WHERE source_id = ?", (self._source_id,))

    def _insert(self, db: sqlite3.Connection, waiting: _Waiting, audience: int) -> int | None:
        told = waiting.document
        named = self._source_id, told.doc_id
        db.execute("DELETE FROM documents WHERE source_id = ? AND doc_id = ?", named)
        described = waiting.made, audience, told.title, told.text, told.owner, told.date, told.origin
        query = "INSERT INTO documents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        return db.execute(query, (*named, *described)).lastrowid

    def _vectors(self, texts: dict[bytes, str]) -> dict[bytes, bytes]:
        """Returns the vector of each digest, embedding only what no generation of the same embedder has."""
        found: dict[bytes, bytes] = {}
        for store in self._known:
            found |= _kept(store, texts.keys() - found.keys(), self._embedder.dimension)
        new = [(digest, text) for digest, text in texts.items() if digest not in found]
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            vectors = self._embedder.passages([text for _, text in batch])
            made = [(digest, vector.tobytes()) for (digest, _), vector in zip(batch, vectors, strict=True)]
            found |= made
            if len(new) > _LONG:  # one long document: what is embedded outlives a kill before it is whole
                rows = [(digest, self._source_id, vector) for digest, vector in made]
                with self._store.writing() as db:
                    db.executemany("INSERT OR IGNORE INTO early VALUES (?, ?, ?)", rows)
        return found


def _described(cut: Sequence[Passage]) -> Iterator[_Described]:
    bodies = [plain(passage.text) for passage in cut]
    said = [words(body) for body in bodies]
    spoken = [language_of(each) for each in said]
    usual = Counter(filter(None, spoken)).most_common(1)
    otherwise = usual[0][0] if usual else "english"
    for passage, body, each, language in zip(cut, bodies, said, spoken, strict=True):
        tongue = language or otherwise
        title, heading = _terms_above(passage.title, tongue), _terms_above(passage.heading, tongue)
        length, counted = packed(title, heading, terms(each, tongue))
        above, below = passage.above, _folded(body)
        digest = blake2b(_folded(above) + b"\n" + below, digest_size=16).digest()
        fold = blake2b(below, digest_size=8).digest()
        written = passage.chunk_id, passage.heading, passage.text, digest, length, counted, passage.page, fold
        yield _Described(plain(above) + body, *written)


@lru_cache(1024)  # the passages of one document share them
def _terms_above(text: str, language: str) -> list[int]:
    return terms(words(plain(text)), language)


def _folded(text: str) -> bytes:
    """Returns what is the same for copies of a text that differ in layout, emphasis and capitals alone."""
    return text.casefold().encode("utf-8", "replace").translate(None, _LAYOUT)


def _kept(store: Store, digests: Collection[bytes], dimension: int) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    with store.reading() as db:
        for some in _slices(list(digests)):
            marks = ", ".join("?" * len(some))
            for table in ("passages", "early"):
                query = f"SELECT digest, vector FROM {table} WHERE digest IN ({marks}) AND length(vector) = ?"  # noqa: S608  (all of it is ours)
                found |= db.execute(query, (*some, 4 * dimension)).fetchall()
    return found


def _slices(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (digests[start : start + _ASKED] for start in range(0, len(digests), _ASKED))


def _readers(document: Document) -> tuple[str, str]:
    return document.collection, json.dumps(sorted(document.groups))


def _audience(db: sqlite3.Connection, readers: tuple[str, str]) -> int:
    db.execute("INSERT OR IGNORE INTO audiences VALUES (NULL, ?, ?)", readers)
    return int(db.execute("SELECT id FROM audiences WHERE collection = ? AND groups = ?", readers).fetchone()["id"])
