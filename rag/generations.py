"""The generations of the index: which one answers, and how another comes to. Knows no source."""

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

from rag.catalog import Catalog, Made, Standing
from rag.embedder import Embedder
from rag.errors import LibraryError
from rag.generation import FORMAT, Generation
from rag.indexing.milvus import Milvus
from rag.locks import held

KEPT = 2  # beside the one that answers
FOLDER = "generations"

log = logging.getLogger(__name__)


class Generations:
    """Opens each once; safe to use from several threads, and beside other processes that swap."""

    def __init__(self, folder: Path, catalog: Catalog, embedder: Embedder, milvus: Milvus | None = None) -> None:
        self._folder, self._catalog, self._embedder, self._milvus = folder / FOLDER, catalog, embedder, milvus
        self._open: dict[int, Generation] = {}
        self._left: list[Generation] = []
        self._noticed = Standing(-1, 0, frozenset(), frozenset())
        self._opening = Lock()
        catalog.first(embedder.name, FORMAT)
        for made in catalog.generations():
            if made.make != FORMAT and made.state != "failed":
                catalog.fail(made.id, "made by another version")
        self._sweep()

    def close(self) -> None:
        """Gives the files back."""
        for generation in (*self._open.values(), *self._left):
            generation.close()
        if self._milvus:
            self._milvus.close()

    def serving(self) -> tuple[Generation, Standing]:
        """Returns the generation that answers now, whichever process made it so, and what holds beside it."""
        standing = self._catalog.standing()
        if standing.generation != self._noticed.generation:
            self._leave(standing)
        return self.opened(standing.generation), standing

    def all(self) -> list[Generation]:
        """Returns every generation that has a file."""
        return [self.opened(made.id) for made in self._catalog.generations() if made.state != "failed"]

    def opened(self, number: int) -> Generation:
        """Returns a generation, opened once."""
        with self._opening:
            if number not in self._open:
                made = next((made for made in self._catalog.generations() if made.id == number), None)
                if made is None:
                    raise LibraryError(f"generation {number} of the index is gone; ask again")
                told = number, self._path(number), made.embedder, self._embedder.name
                self._open[number] = Generation(*told, self._milvus)
            return self._open[number]

    def settle(self) -> None:
        """Has every index and file that may answer keep what the next process needs, and nothing that was removed."""
        for made in self._catalog.generations():
            if made.state == "ready":
                generation = self.opened(made.id)
                generation.index.settle()
                generation.store.shed()
        self.share()

    def share(self) -> None:
        """Has Milvus, where there is one, hold the vectors of every generation, and nothing that was removed.

        What fails is logged, and done the next time.
        """
        if self._milvus is None:
            return
        for generation in self.all():
            if not self._milvus.away:
                generation.index.settle()
        try:
            if self._milvus.away:
                return
            there = self._milvus.collections()  # asked first: what another process begins meanwhile is not among them
            self._milvus.drop(there - {self._milvus.collection(known.store) for known in self.all()})
        except LibraryError as error:
            log.warning("Milvus keeps for now what is gone", extra={"reason": str(error)})

    def fits(self, generation: Generation) -> bool:
        """Whether what our embedder makes of a question can be compared with what is in there."""
        suits = generation.embedder == self._embedder.name
        return suits and generation.dimension() in (0, self._embedder.dimension)

    @contextmanager
    def building(self) -> Iterator[Generation]:
        """Lends a generation beside the current one, to be filled: the one that an earlier try left unfinished, if fit.

        One process at a time builds; whoever comes second gets a LibraryError. Left without `promote`, it is kept for
        the next try.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with held(self._folder / "building.lock") as alone:
            if not alone:
                raise LibraryError("another process is building a generation of the index: wait for it")
            yield self.opened(self._begun())

    def promote(self, generation: Generation, note: str) -> None:
        """Lets a generation answer from now on, in every process; removes what is older than the ones we keep."""
        self._catalog.promote(generation.number, note)
        self.tidy()

    def give_up(self, generation: Generation, note: str) -> None:
        """Writes down that a generation did not do, and removes its file."""
        self._catalog.fail(generation.number, note)
        self._sweep()
        self.share()

    def roll_back(self, number: int | None = None) -> Made:
        """Lets an earlier generation answer again, less what is no longer so; raises LibraryError where there is none.

        A document that has changed since, or may be read by others, is taken out of it before: until the next sync it
        is in no answer, rather than in one as it was.
        """
        current = self._catalog.standing().generation
        ready = [made for made in self._catalog.generations() if made.state == "ready" and made.id != current]
        fit = [made for made in ready if (made.id == number if number else made.id < current)]
        if not fit:
            raise LibraryError("there is no such generation to go back to; `hausgeist admin generations` shows them")
        target, serving = self.opened(fit[-1].id), self.opened(current)
        target.index.settle()
        with serving.store.writing():  # nobody changes a document while we compare
            target.keep_only_as(serving)
            self._catalog.promote(target.number, f"back from {current}")
        return fit[-1]

    def tidy(self) -> None:
        """Removes the generations that are older than those we keep."""
        current = self._catalog.standing().generation
        ready = [made.id for made in self._catalog.generations() if made.state == "ready" and made.id != current]
        for number in ready[:-KEPT]:
            self._catalog.drop(number)
        self._sweep()
        self.share()

    def _begun(self) -> int:
        """Returns the number of the generation to be filled."""
        name, dimension, fit = self._embedder.name, self._embedder.dimension, 0
        for made in self._catalog.generations():
            if made.state == "building" and (made.embedder, made.dimension, made.make) == (name, dimension, FORMAT):
                fit = made.id
            elif made.state == "building":
                self._catalog.fail(made.id, "given up for another")
        self._sweep()
        return fit or self._catalog.begin(name, dimension, FORMAT)

    def _leave(self, standing: Standing) -> None:
        """Notices that another generation answers; what answered before, and what is gone, is closed a swap later.

        By then nobody asks it any more.
        """
        with self._opening:
            if standing.version <= self._noticed.version:  # another thread noticed first
                return
            for generation in self._left:
                generation.close()
            kept = {made.id for made in self._catalog.generations()} - {self._noticed.generation}
            self._left = [self._open.pop(number) for number in self._open.keys() - kept]
            self._noticed = standing

    def _sweep(self) -> None:
        """Removes the files of generations that are no more, also those that a killed process left."""
        there = [path for path in self._folder.glob("*.*") if path.name.partition(".")[0].isdecimal()]
        kept = {made.id for made in self._catalog.generations() if made.state != "failed"}
        for path in there:
            if int(path.name.partition(".")[0]) in kept:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.db"
