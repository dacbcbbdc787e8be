"""Takes a source's documents into the store: only what changed is parsed, and only new passages are embedded."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from rag.catalog import Catalog
from rag.embedder import Embedder
from rag.errors import SourceError, Unreadable
from rag.generation import Generation
from rag.shelving import Shelver
from rag.sources import Entry, Failure, Reach, Source
from rag.words import printable

SUDDEN = 10  # documents that are not gone all at once
MAKE = "4"  # part of every fingerprint: change it when parsing or chunking gives other passages


@dataclass(slots=True)
class Report:
    """What a sync did: documents by outcome; `failed` holds pairs of a path and the reason.

    `withheld` counts those that an admin deleted: they stay away although the source still holds them.
    """

    indexed: int = 0
    unchanged: int = 0
    removed: int = 0
    withheld: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


class Intake:
    """One sync of one source.

    A document that gives no text any more is removed, unless the reason may pass (no permission, a share away): then
    its older version stays. Documents are written some at a time, each whole or not at all: stopped half-way, the next
    sync goes on from there. What `others` have embedded with the same embedder is not embedded again. `held`: how many
    documents of it are known elsewhere.
    After the run `listed` has the names that the source has, `standing` those that it still gives a text for, or may;
    `partial`: it was not listed to its end.
    """

    def __init__(
        self,
        catalog: Catalog,
        generation: Generation,
        embedder: Embedder,
        source: Source,
        others: Sequence[Generation] = (),
        held: int = 0,
    ) -> None:
        self._catalog, self._generation, self._embedder, self._source = catalog, generation, embedder, source
        self._store, self._others, self._held = generation.store, others, held
        self.number = catalog.source(source.root, source.collection, source.groups, source.prefix)
        if source.minutes is not None:
            catalog.every(self.number, source.minutes)
        self._report = Report()
        self.standing, self.listed, self.partial = set[str](), set[str](), False

    def run(self, reach: Reach, progress: Callable[[str], None] | None = None) -> Report:
        """Takes over what is new, changed or gone; tells `progress` each document it is done with."""
        known, deleted = self._fingerprints(), self._catalog.deleted(self.number)
        with Shelver(self._generation, self._embedder, self.number, self._others) as shelver:
            for entry in self._read(reach):
                self.listed.add(entry.keeps if isinstance(entry, Failure) else entry.doc_id)
                if isinstance(entry, Failure):
                    self._fail(entry.path, entry.reason, entry.keeps)
                    self.partial |= entry.partial
                elif entry.doc_id in deleted:
                    self._report.withheld += 1
                elif entry.doc_id in self.standing:
                    self._fail(entry.doc_id, "another document of this source has the same id")
                elif known.get(entry.doc_id) == _made(entry):
                    self.standing.add(entry.doc_id)
                    self._report.unchanged += 1
                else:
                    self._take(entry, shelver)
                if progress:
                    progress(entry.path if isinstance(entry, Failure) else printable(entry.doc_id))
        self._doubt(max(self._held, len(known)))
        self._finish([] if self.partial else sorted(known.keys() - self.standing))
        return self._report

    def _read(self, reach: Reach) -> Iterator[Entry | Failure]:
        """The source's entries; why it could not be read to its end is written down."""
        try:
            yield from self._source.entries(reach)
        except SourceError as error:
            self._catalog.failed(self.number, printable(str(error)))
            raise

    def _doubt(self, held: int) -> None:
        """Takes a source for away that held many documents and lists nothing at all: a share that is not mounted."""
        if held >= SUDDEN and not self.listed:
            problem = f"it is empty, and held {held} documents, which stay: hausgeist admin forget removes them"
            self._catalog.failed(self.number, problem)
            raise SourceError(f"{self._source.root}: {problem}")

    def _fail(self, path: str, reason: str, keeps: str = "") -> None:
        self._report.failed.append((printable(path), reason))
        self.standing.add(keeps)

    def _take(self, entry: Entry, shelver: Shelver) -> None:
        try:
            document = entry.load()
        except Unreadable as error:
            self._fail(entry.doc_id, error.reason, entry.doc_id if error.passing else "")
            return
        shelver.put(document, _made(entry))
        self.standing.add(entry.doc_id)
        self._report.indexed += 1
        if document.remark:
            self._report.failed.append((printable(entry.doc_id), document.remark))

    def _fingerprints(self) -> dict[str, str]:
        with self._store.reading() as db:
            query = "SELECT doc_id, fingerprint FROM documents WHERE source_id = ?"
            return dict(db.execute(query, (self.number,)).fetchall())

    def _finish(self, vanished: list[str]) -> None:
        """Removes what vanished, and what was deleted or forgotten while we were reading."""
        deleted = self._catalog.deleted(self.number) & self.standing
        self._generation.remove([*vanished, *deleted], self.number)
        if self.number not in self._catalog.standing().sources:
            self._generation.remove_sources([self.number])
        self._catalog.synced(self.number, self._report.failed)
        self._report.removed = len(vanished)


def _made(entry: Entry) -> str:
    return f"{MAKE}:{entry.fingerprint}"
