"""Libraries of any size for benches: generated documents with generated vectors, written straight into the store."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.embedder import Vectors
from rag.indexing.terms import packed, term
from rag.library import Library

Array = npt.NDArray[Any]
DIMENSION = 384
PASSAGES = 5  # a document
WORDS = 120  # a passage
_VOCABULARY = 60_000
_ZIPF = 1.1


class GeneratedEmbedder:
    """Turns a text into the unit vector that its hash stands for."""

    name = "generated"
    dimension = DIMENSION

    def queries(self, texts: list[str]) -> Vectors:
        return np.stack([_vector(text) for text in texts]) if texts else np.empty((0, DIMENSION), np.float32)

    def passages(self, texts: list[str]) -> Vectors:
        return self.queries(texts)


def word(number: int) -> str:
    """Returns the word of this rank; the lower, the commoner."""
    return f"w{number}x"


def generated(folder: Path, passages: int) -> Library:
    """Makes a library with so many passages that everybody may read; its words are as unequal as a language's."""
    library = Library.open(folder, GeneratedEmbedder())
    source = library.catalog.source("/generated", "default", [], "")
    chance = np.random.default_rng(passages)
    terms = np.array([term(word(number)) for number in range(_VOCABULARY)], np.uint64)
    with library.store.writing() as db:
        db.execute("INSERT INTO audiences VALUES (1, 'default', '[]')")
        for number in range(passages // PASSAGES):
            name = f"{number}.md"
            told = (source, name, f"0:{number}", 1, f"Document {number}", "", "", "", "")
            row = db.execute("INSERT INTO documents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", told).lastrowid
            drawn = np.minimum(chance.zipf(_ZIPF, (PASSAGES, WORDS)), _VOCABULARY) - 1
            vectors = chance.standard_normal((PASSAGES, DIMENSION), dtype=np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            rows = [_row(row, f"{name}#{at}", drawn[at], terms, vectors[at]) for at in range(PASSAGES)]
            db.executemany("INSERT INTO passages VALUES (NULL, ?, 1, ?, '', ?, ?, ?, ?, ?, 0, ?)", rows)
    library.current().index.settle()
    return library


def _row(
    document: int | None,
    chunk_id: str,
    drawn: np.ndarray[tuple[int], np.dtype[np.int64]],
    terms: Array,
    vector: Vectors,
) -> tuple[object, ...]:
    length, words = packed([], [], terms[drawn].tolist())
    digest = hashlib.blake2b(chunk_id.encode(), digest_size=16).digest()
    text = " ".join(map(word, drawn.tolist()))
    return document, chunk_id, text, digest, vector.tobytes(), length, words, digest[:8]


def _vector(text: str) -> Vectors:
    seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())
    vector = np.random.default_rng(seed).standard_normal(DIMENSION, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
