"""What a search costs beside its two halves alone, how soon a fresh process can answer, and what memory it takes."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from ops.bench.figures import Figure
from ops.bench.knowledge import Options
from ops.bench.knowledge_generated import GeneratedEmbedder, generated, word
from rag.embedder import Vectors
from rag.library import Library
from rag.retriever import POOL, Retriever

SIZE = 100_000
QUESTIONS = 200
EVERYBODY: frozenset[str] = frozenset()
_FIRST = """
import asyncio, json, pathlib, sys, time
from ops.bench.intake_measure import resident
from ops.bench.knowledge_generated import GeneratedEmbedder
from rag.library import Library
from rag.retriever import Retriever

begin, before = time.perf_counter(), resident()
library = Library.open(pathlib.Path(sys.argv[1]), GeneratedEmbedder())
assert asyncio.run(Retriever(library).search("w3x w40x", frozenset()))
seconds = time.perf_counter() - begin
for number in range(50):
    asyncio.run(Retriever(library).search(f"w{3 * number}x w{40 * number}x", frozenset()))
print(json.dumps([seconds, (resident() - before) / 2**20]))
"""


class _Known(GeneratedEmbedder):
    """Has embedded every question before."""

    def __init__(self) -> None:
        self._made: dict[str, Vectors] = {}

    def queries(self, texts: list[str]) -> Vectors:
        for text in texts:
            if text not in self._made:
                self._made[text] = super().queries([text])
        return np.vstack([self._made[text] for text in texts])


def run(options: Options) -> Iterable[Figure]:
    """Measures both over one generated library."""
    with tempfile.TemporaryDirectory() as folder:
        with closing(generated(Path(folder), SIZE)) as library:
            library.embedder = _Known()
            yield from _search(library, options.rows or QUESTIONS)
        seconds, megabytes = _fresh(Path(folder))
        yield Figure("cost-seconds-to-first-answer", seconds, 1)
        yield Figure("cost-megabytes-of-100k-in-a-fresh-process", megabytes, 1)


def _search(library: Library, count: int) -> Iterable[Figure]:
    questions = _questions(count)
    vectors = library.embedder.queries(questions)
    retriever, bare = Retriever(library), _bare(library)
    both, ours = [], []
    for question, vector in zip(questions, vectors, strict=True):
        both.append(_seconds(lambda question=question, vector=vector: bare(question, vector)))  # type: ignore[misc]
        ours.append(_seconds(lambda question=question: _searched(retriever, question)))  # type: ignore[misc]
    (clock, theirs), (our_clock, our_cpu) = (tuple(map(median, zip(*each, strict=True))) for each in (both, ours))
    yield Figure("cost-milliseconds-of-faiss-and-bm25", 1000 * clock, count)
    yield Figure("cost-milliseconds-of-search", 1000 * our_clock, count)
    yield Figure("cost-search-over-faiss-and-bm25", our_clock / clock, count, 1.5, most=True)
    yield Figure("cost-search-over-faiss-and-bm25-cpu", our_cpu / theirs, count)


def _searched(retriever: Retriever, question: str) -> None:
    """Searches in this thread, as the thread of a question does."""
    retriever._search(question, EVERYBODY, 8, (), False)


def _questions(count: int) -> list[str]:
    """Ten words each, common and rare, as people mix them."""
    chance = np.random.default_rng(count)
    ranks = (10 ** chance.uniform(0.3, 4.5, (count, 10))).astype(int)
    return [" ".join(map(word, row)) for row in ranks.tolist()]


def _bare(library: Library) -> Callable[[str, Vectors], None]:
    """FAISS and BM25 of others over the same passages, each asked for as many, and no more done with them."""
    import bm25s
    import faiss

    with library.store.reading() as db:
        rows = db.execute("SELECT text, vector FROM passages ORDER BY id").fetchall()
    flat = faiss.IndexFlatIP(library.embedder.dimension)
    for row in rows:
        flat.add(np.frombuffer(row["vector"], np.float32).reshape(1, -1))
    vocabulary: dict[str, int] = {}
    ids = [[vocabulary.setdefault(each, len(vocabulary)) for each in row["text"].split()] for row in rows]
    words: Any = bm25s.BM25()
    words.index((ids, vocabulary), show_progress=False)
    faiss.omp_set_num_threads(1)

    def ask(question: str, vector: Vectors) -> None:
        flat.search(vector.reshape(1, -1), POOL)
        words.retrieve([[each for each in question.split() if each in vocabulary]], k=POOL, show_progress=False)

    return ask


def _seconds(act: Callable[[], object]) -> tuple[float, float]:
    """Returns how long it takes by the clock, and of the CPU, which a busy machine sways less."""
    begin, cpu = time.perf_counter(), time.thread_time()
    act()
    return time.perf_counter() - begin, time.thread_time() - cpu


def _fresh(folder: Path) -> tuple[float, float]:
    """Returns how long a fresh process takes to its first answer, and how many MB it has grown by fifty later.

    From opening the library on: imports are left out.
    """
    done = subprocess.run([sys.executable, "-c", _FIRST, folder], check=True, capture_output=True, text=True)  # noqa: S603
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes
