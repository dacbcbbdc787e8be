"""Fills generations from sources: the one that answers bit by bit, or another beside it from the beginning."""

from collections.abc import Callable, Sequence
from pathlib import Path

from rag.canaries import FILE, objection, told
from rag.catalog import Catalog
from rag.embedder import Embedder
from rag.errors import LibraryError, SourceError
from rag.generation import Generation
from rag.generations import Generations
from rag.intake import Intake, Report
from rag.shelving import Shelver
from rag.sources import Reach, Source

Progress = Callable[[str], None] | None


class Renewal:
    """Takes sources in. Safe beside searches, and beside others that take in."""

    def __init__(
        self, folder: Path, catalog: Catalog, generations: Generations, embedder: Embedder, reach: Reach
    ) -> None:
        self._canaries = folder / FILE
        self._catalog, self._generations, self._embedder, self._reach = catalog, generations, embedder, reach

    def take(self, generation: Generation, source: Source, progress: Progress = None) -> Report:
        """Brings a generation in step with a source; what the source has no more goes from all generations."""
        return self._taken(generation, source, progress)[1]

    def run(self, sources: Sequence[Source], progress: Progress) -> str:
        """Builds a generation beside the current one and lets it answer, or raises LibraryError and changes nothing."""
        asked = told(self._canaries)
        with self._generations.building() as fresh:
            before = self._generations.serving()[0]
            notes = self._fill(fresh, before, sources, progress)
            self._fill(fresh, before, sources, None)  # once more, quickly: what has changed since
            fresh.index.settle()
            if reason := objection(fresh, before, self._embedder, asked):
                self._generations.give_up(fresh, reason)
                raise LibraryError(f"generation {fresh.number} is not used: {reason}")
            self._generations.promote(fresh, "; ".join(notes))
        return "; ".join([f"generation {fresh.number} answers, with {fresh.size()[0]} documents", *notes])

    def _fill(self, fresh: Generation, before: Generation, sources: Sequence[Source], progress: Progress) -> list[str]:
        """Takes all sources in; returns a note on each that cannot be read, whose documents move over as they are."""
        notes = []
        for source in sources:
            number = self._catalog.source(source.root, source.collection, source.groups, source.prefix)
            missing = before.names(number)
            try:
                intake = self._taken(fresh, source, progress, len(missing))[0]
                missing = missing if intake.partial else missing & intake.standing
            except SourceError:
                notes.append(f"{source.address} could not be read: its documents moved over")
            self._move(before, fresh, number, missing - fresh.names(number))
        return notes

    def _taken(
        self, generation: Generation, source: Source, progress: Progress, held: int = 0
    ) -> tuple[Intake, Report]:
        intake = Intake(self._catalog, generation, self._embedder, source, self._others(generation), held)
        report = intake.run(self._reach, progress)
        for other in self._generations.all():
            if other.number != generation.number and not intake.partial:
                other.remove(other.names(intake.number) - intake.listed, intake.number)
        return intake, report

    def _move(self, before: Generation, fresh: Generation, source_id: int, names: set[str]) -> None:
        """Puts documents of the generation before into the fresh one as they are."""
        with Shelver(fresh, self._embedder, source_id, self._others(fresh)) as shelver:
            for document, made in before.documents(source_id, names - self._catalog.deleted(source_id)):
                shelver.put(document, made)

    def _others(self, generation: Generation) -> list[Generation]:
        """Returns the generations whose vectors do for this one."""
        others = (other for other in self._generations.all() if other.number != generation.number)
        return [other for other in others if self._generations.fits(other)]
