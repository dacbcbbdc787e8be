"""The documents we know: kept in step with their sources, looked up by those who may read them."""

import json
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from rag.background import Background
from rag.catalog import EVERY_SOURCE, Catalog, Standing
from rag.curated import COLLECTION, PREFIX, Curated
from rag.embedder import Embedder
from rag.errors import LibraryError
from rag.generation import Generation, Removed
from rag.generations import Generations
from rag.indexing.milvus import Milvus, Server
from rag.intake import Report
from rag.legacy import move_over
from rag.passages import Document
from rag.renewal import Renewal
from rag.sources import Reach, Source, located
from rag.store import Store

CATALOG = "catalog.db"
COPIES = "copies"


@dataclass(frozen=True, slots=True)
class Synced:
    """A source as last taken in; times are ISO in UTC, `readers` says how many documents are whose.

    `last_sync` is when it was read whole, `last_try` when that was tried, `problem` why it failed; `failed` counts
    what of it could not be read.
    """

    id: int
    source: Source
    documents: int
    last_sync: str
    readers: tuple[tuple[str, int], ...] = ()
    last_try: str = ""
    problem: str = ""
    failed: int = 0

    @property
    def share(self) -> float:
        """Which part of what it holds can be found: 1 is all."""
        return self.documents / (self.documents + self.failed) if self.documents + self.failed else 1.0


@dataclass(frozen=True, slots=True)
class Stats:
    """How much is known; `last_sync` is the latest of all sources', empty before the first."""

    documents: int
    passages: int
    sources: int
    last_sync: str


class Library:
    """A catalog, and the generation of the index that answers. Every method blocks: call it through a thread."""

    def __init__(
        self, folder: Path, embedder: Embedder, reach: Reach | None = None, milvus: Server | None = None
    ) -> None:
        self.folder, self.embedder = folder, embedder
        self.catalog = Catalog(folder / CATALOG)
        move_over(folder, self.catalog)
        shared = Milvus(milvus, self.catalog.store.identity) if milvus else None
        self.generations = Generations(folder, self.catalog, embedder, shared)
        self._renewal = Renewal(folder, self.catalog, self.generations, embedder, reach or Reach(folder / COPIES))
        self.curated = Curated(self.catalog, embedder)

    @classmethod
    def open(
        cls, folder: Path, embedder: Embedder, reach: Reach | None = None, milvus: Server | None = None
    ) -> "Library":
        """Opens the library in this folder, or makes it; raises LibraryError where that fails."""
        library = cls(folder, embedder, reach, milvus)
        library.current()
        return library

    def close(self) -> None:
        """Gives the files back; the library is not used again."""
        self.generations.close()
        self.catalog.close()

    @cached_property
    def background(self) -> Background:
        """What is usual between texts for this embedder; worked out once."""
        return Background.of(self.embedder)

    @property
    def store(self) -> Store:
        """The file of the generation that answers now."""
        return self.current().store

    def current(self) -> Generation:
        """Returns the generation that answers now, whichever process made it so."""
        return self.serving()[0]

    def serving(self) -> tuple[Generation, Standing]:
        """Returns the generation that answers now and what holds beside it: one question uses one pair throughout."""
        return self.generations.serving()

    def sync(self, source: Source, progress: Callable[[str], None] | None = None) -> Report:
        """Takes over what is new, changed or gone in the source; safe beside searches and other syncs.

        Raises LibraryError for a source that would pass for approved answers.
        """
        if source.collection == COLLECTION:
            raise LibraryError(f"the collection {COLLECTION!r} is that of approved answers: choose another name")
        while True:
            current = self.current()
            if not self.generations.fits(current):
                self.catalog.source(source.root, source.collection, source.groups, source.prefix)
                self.renew(progress)
                continue
            report = self._renewal.take(current, source, progress)
            if self.catalog.standing().generation == current.number:  # else: swapped meanwhile, so once more
                current.index.settle()
                self.generations.share()
                return report

    def settle(self) -> None:
        """Tidies up: snapshots for the next process, and nothing in any file of what was removed an hour ago."""
        self.generations.settle()

    def renew(self, progress: Callable[[str], None] | None = None) -> str:
        """Builds a generation from all sources beside the current one, and lets it answer; says what came of it.

        Raises LibraryError where it does not find what it must: then all stays as it was.
        """
        return self._renewal.run([known.source for known in self.sources()], progress)

    def roll_back(self, number: int | None = None) -> int:
        """Lets an earlier generation answer again, the one before or a given one; returns its number."""
        return self.generations.roll_back(number).id

    def delete(self, doc_id: str, by: str = "") -> list[Removed]:
        """Removes a document for good, whatever its sources hold; returns what went from which generation.

        From the first step on it is in no answer of any process. Nothing is removed, or remembered, where it is in no
        generation.
        """
        known = self.generations.all()
        if not any(generation.has(doc_id) for generation in known):
            return []
        self.catalog.bury([doc_id], by)
        removed = [generation.remove([doc_id]) for generation in known]
        self.generations.share()
        return removed

    def bury(self, doc_id: str, by: str) -> bool:
        """Takes a document out of every answer of every process at once; what it leaves goes with `delete`.

        False if there is none. Safe to call twice.
        """
        known = any(generation.has(doc_id) for generation in self.generations.all())
        if known:
            self.catalog.bury([doc_id], by)
        return known or (doc_id, EVERY_SOURCE) in self.catalog.standing().gone

    def gone(self, doc_ids: Collection[str]) -> frozenset[str]:
        """Returns those of the documents that were deleted, or that no source has any more.

        The latter only where every source was read whole, into the newest generation.
        """
        generation, standing = self.serving()
        rows = self.catalog.sources()
        newest = max(made.id for made in self.catalog.generations() if made.state == "ready")
        whole = bool(rows) and all(row["synced"] for row in rows) and standing.generation == newest
        approved = {one.doc_id for one in self.curated.all()}
        missing = [doc_id for doc_id in doc_ids if doc_id not in approved and not generation.stands(doc_id, standing)]
        return frozenset(doc_id for doc_id in missing if whole or (doc_id, EVERY_SOURCE) in standing.gone)

    def restore(self, doc_id: str) -> bool:
        """Lets a deleted document come back with the next sync; False if it was not deleted."""
        return self.catalog.raise_again([doc_id]) > 0

    def forget(self, address: Path | str) -> int:
        """Removes the source at this address, in every collection, and returns how many documents went with it."""
        sources = self.catalog.forget(Source(address).root)
        removed = [generation.remove_sources(sources) for generation in self.generations.all()] if sources else []
        self.generations.share()
        current = self.current().number
        return sum(gone.documents for gone in removed if gone.generation == current)

    def document(self, doc_id: str, groups: frozenset[str]) -> Document | None:
        """Returns the document if it exists and one of the groups may read it; the two are not told apart."""
        approved = self.curated.document(doc_id, groups, date.today()) if _approved(doc_id) else None
        generation, standing = self.serving()
        return approved or generation.document(doc_id, groups, standing)

    def readable(self, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        """Returns those of the names under which all that stands is for these groups, in whatever source it is.

        What was made from a document is known by its name alone, which sources do not know of one another.
        """
        generation, standing = self.serving()
        approved = {one.doc_id: one for one in self.curated.all()} if any(map(_approved, doc_ids)) else {}

        def readers(doc_id: str) -> list[frozenset[str]]:
            shown = [approved[doc_id]] if doc_id in approved else []
            own = [one.groups for one in shown if not one.expired(date.today())]
            return [*generation.readers(doc_id, standing), *own]

        said = {doc_id: readers(doc_id) for doc_id in doc_ids}
        return frozenset(name for name, each in said.items() if each and all(not it or it & groups for it in each))

    def audiences(self, groups: frozenset[str], collections: Collection[str] = ()) -> list[int]:
        """Returns the ids of the audiences, of some collections or of all, that somebody in these groups belongs to."""
        return self.current().audiences(groups, collections)

    def sources(self) -> list[Synced]:
        """Returns every source, ready to be synced again."""
        readers, failed = self.current().counts(), self.catalog.failures_by_source()
        rows = self.catalog.sources()
        return [_synced(row, readers.get(row["id"], []), failed.get(row["id"], 0)) for row in rows]

    def stats(self) -> Stats:
        """Returns counts over everything, whoever may read it."""
        sources = self.catalog.sources()
        return Stats(*self.current().size(), len(sources), max((row["synced"] for row in sources), default=""))


def _approved(doc_id: str) -> bool:
    return doc_id.startswith(PREFIX)


def _synced(row: sqlite3.Row, readers: list[tuple[str, int]], failed: int) -> Synced:
    groups = frozenset(json.loads(row["groups"]))
    source = Source(located(row["address"]), row["collection"], groups, row["prefix"], row["minutes"])
    documents = sum(count for _, count in readers)
    return Synced(row["id"], source, documents, row["synced"], tuple(readers), row["checked"], row["problem"], failed)
