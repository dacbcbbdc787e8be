"""Puts documents into a generation, many at a time: embedded together, and written in one transaction."""

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from types import TracebackType
from typing import NamedTuple, Self

from rag.chunking import passages
from rag.embedder import Embedder
from rag.generation import Generation
from rag.passages import Document, Passage
from rag.store import Store
from rag.terms import packed, terms
from rag.words import language_of, plain, words

BATCH = 256  # passages that are embedded and written together
_LONG = 2 * BATCH
_ASKED = 500  # digests that are looked up at once
_LAYOUT = b" \t\n*_#|`~\\"  # what sets two copies of a text apart, and says nothing


class _Waiting(NamedTuple):
    document: Document
    made: str
    cut: list[Passage]


class _Columns(NamedTuple):
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
        self._writing = self._thread.submit(self._shelve, self._waiting)
        self._waiting, self._weight = [], 0

    def _settle(self) -> None:
        if self._writing:
            self._writing.result()

    def _shelve(self, batch: list[_Waiting]) -> None:
        texts = [plain(passage.context) for waiting in batch for passage in waiting.cut]
        digests = [_folded(text, 16) for text in texts]
        vectors = self._vectors(digests, texts)
        left = iter(digests)
        rows = [list(_columns(waiting.cut, islice(left, len(waiting.cut)))) for waiting in batch]
        with self._store.writing() as db:
            audiences = {readers: _audience(db, readers) for readers in {_readers(each.document) for each in batch}}
            for waiting, described in zip(batch, rows, strict=True):
                audience = audiences[_readers(waiting.document)]
                number = self._insert(db, waiting, audience)
                db.executemany(
                    "INSERT INTO passages VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    [(number, audience, *row[:4], vectors[row.digest], *row[4:]) for row in described],
                )
            db.executemany("DELETE FROM spare WHERE digest = ?", [(digest,) for digest in set(digests)])

    def _insert(self, db: sqlite3.Connection, waiting: _Waiting, audience: int) -> int | None:
        told = waiting.document
        named = self._source_id, told.doc_id
        db.execute("DELETE FROM documents WHERE source_id = ? AND doc_id = ?", named)
        described = waiting.made, audience, told.title, told.text, told.owner, told.date, told.origin
        query = "INSERT INTO documents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        return db.execute(query, (*named, *described)).lastrowid

    def _vectors(self, digests: list[bytes], texts: list[str]) -> dict[bytes, bytes]:
        """Returns the vector of each digest, embedding only what no generation of the same embedder has."""
        found: dict[bytes, bytes] = {}
        for store in self._known:
            found |= _kept(store, set(digests) - found.keys())
        new = list({digest: text for digest, text in zip(digests, texts, strict=True) if digest not in found}.items())
        for start in range(0, len(new), BATCH):
            batch = new[start : start + BATCH]
            vectors = self._embedder.passages([text for _, text in batch])
            made = [(digest, vector.tobytes()) for (digest, _), vector in zip(batch, vectors, strict=True)]
            found |= made
            if len(new) > _LONG:  # one long document: what is embedded outlives a kill before it is whole
                with self._store.writing() as db:
                    db.executemany("INSERT OR IGNORE INTO spare VALUES (?, ?)", made)
        return found


def _columns(cut: Sequence[Passage], digests: Iterable[bytes]) -> Iterator[_Columns]:
    """Yields what is written of each passage, but for the vector that belongs to its digest."""
    bodies = [plain(passage.text) for passage in cut]
    said = [words(body) for body in bodies]
    spoken = [language_of(each) for each in said]
    usual = Counter(filter(None, spoken)).most_common(1)
    otherwise = usual[0][0] if usual else "english"
    for passage, body, each, language, digest in zip(cut, bodies, said, spoken, digests, strict=False):
        tongue = language or otherwise
        above = _above(passage.title, tongue), _above(passage.heading, tongue)
        length, counted = packed(*above, terms(each, tongue))
        fold = _folded(body, 8)
        yield _Columns(passage.chunk_id, passage.heading, passage.text, digest, length, counted, passage.page, fold)


@lru_cache(1024)  # the passages of one document share them
def _above(text: str, language: str) -> list[int]:
    return terms(words(plain(text)), language)


def _folded(text: str, size: int) -> bytes:
    """Returns a digest that is the same for copies of a text that differ in layout, emphasis and capitals alone."""
    bare = text.casefold().encode("utf-8", "replace").translate(None, _LAYOUT)
    return hashlib.blake2b(bare, digest_size=size).digest()


def _kept(store: Store, digests: Collection[bytes]) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    with store.reading() as db:
        for some in _slices(list(digests)):
            marks = ", ".join("?" * len(some))
            for table in ("passages", "spare"):
                query = f"SELECT digest, vector FROM {table} WHERE digest IN ({marks})"  # noqa: S608  (both are ours)
                found |= db.execute(query, some).fetchall()
    return found


def _slices(digests: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (digests[start : start + _ASKED] for start in range(0, len(digests), _ASKED))


def _readers(document: Document) -> tuple[str, str]:
    return document.collection, json.dumps(sorted(document.groups))


def _audience(db: sqlite3.Connection, readers: tuple[str, str]) -> int:
    db.execute("INSERT OR IGNORE INTO audiences VALUES (NULL, ?, ?)", readers)
    return int(db.execute("SELECT id FROM audiences WHERE collection = ? AND groups = ?", readers).fetchone()["id"])
