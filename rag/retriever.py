"""Finds the passages that answer a question, among those the groups may read; knows nobody's name."""

import asyncio
import json
from collections.abc import Callable, Collection, Iterable
from datetime import date
from sqlite3 import Row

from rag.catalog import Standing
from rag.curated import COLLECTION
from rag.dates import Time
from rag.embedder import Vectors
from rag.generation import Generation
from rag.library import Library
from rag.passages import Hit, Passage
from rag.ranking import Candidates, evidence, ranked
from rag.reranker import READ, Reranker
from rag.store import Store

POOL = 100
RELEVANT = 0.25  # a best hit below this answers nothing; what that gets wrong, and how often: docs/decisions/0002


class Retriever:
    """Searches by meaning and by words at once; a reranker, where there is one, has the last word on the order."""

    def __init__(
        self, library: Library, reranker: Reranker | None = None, today: Callable[[], date] = date.today
    ) -> None:
        self._library, self._reranker, self._today = library, reranker, today

    async def search(
        self,
        query: str,
        groups: frozenset[str],
        *,
        k: int = 8,
        collections: Collection[str] = (),
        per_document: bool = False,
    ) -> list[Hit]:
        """Returns the k best passages, or the best passage of each of the k best documents; the best comes first."""
        return await asyncio.to_thread(self._search, query, groups, k, collections, per_document)

    async def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Returns those of the documents that the groups may read; of several of one name they must read all."""
        return await asyncio.to_thread(self._library.readable, doc_ids, groups)

    async def holds_more(self, groups: frozenset[str], than: frozenset[str], collections: Collection[str]) -> bool:
        """Tells whether some groups may read any document that others may not."""
        ours, theirs = [await asyncio.to_thread(self._library.audiences, one, collections) for one in (groups, than)]
        return not set(ours) <= set(theirs)

    def _search(
        self, query: str, groups: frozenset[str], k: int, collections: Collection[str], per_document: bool
    ) -> list[Hit]:
        if not query.strip():
            return []
        vector, today = self._library.embedder.queries([query])[0], self._today()
        found = self._found(query, vector, self._library.serving(), groups, collections)
        count = k if self._reranker is None else max(k, READ)
        best = ranked(found, Time.of(query, today), count, per_document=per_document) if found else []
        best = best if self._reranker is None else self._reranker.reordered(query, best)
        approved = self._library.curated.matching(query, vector, groups, today)
        if approved and (not collections or COLLECTION in collections):
            best = [Hit(approved, 1.0), *best]
        return best[:k]

    def _found(
        self,
        query: str,
        vector: Vectors,
        serving: tuple[Generation, Standing],
        groups: frozenset[str],
        collections: Collection[str],
    ) -> Candidates | None:
        """What either half of the search finds among what the groups may read, with the evidence of both."""
        generation, standing = serving
        audiences = generation.audiences(groups, collections)
        if not audiences:
            return None
        readable = generation.audiences(groups) if collections else audiences
        near = generation.index.near(vector, audiences, POOL)
        said = generation.index.said(query, audiences, POOL, readable)
        rows = [
            row
            for row in _rows(generation.store, [*near, *said], audiences)
            if standing.holds(row["doc_id"], row["source_id"])
        ]
        if not rows:
            return None
        vectors = generation.index.vectors([row["id"] for row in rows])
        nearness = self._library.background.nearness(vector, vectors).tolist()
        scores = [evidence(by, said.get(row["id"], 0.0)) for by, row in zip(nearness, rows, strict=True)]
        return Candidates([row["document_id"] for row in rows], vectors, scores, lambda at: _passage(rows[at]))


def _rows(store: Store, ids: Iterable[int], audiences: list[int]) -> list[Row]:
    """Reads the passages that are still there, once more only those for the audiences."""
    query = """SELECT passages.*, source_id, doc_id, title, owner, date, collection FROM passages
               JOIN documents ON documents.id = document_id JOIN audiences ON audiences.id = passages.audience_id
               WHERE passages.id IN (SELECT value FROM json_each(?))
               AND passages.audience_id IN (SELECT value FROM json_each(?))"""
    with store.reading() as db:
        return db.execute(query, (json.dumps(sorted(ids)), json.dumps(audiences))).fetchall()


def _passage(row: Row) -> Passage:
    names = ("chunk_id", "doc_id", "title", "heading", "text", "owner", "date", "collection", "page")
    return Passage(*(row[name] for name in names))
