"""Reads sources again when their time has come, each by its own clock, some at a time."""

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from ops.freshness import seconds_since
from rag.errors import LibraryError
from rag.intake import Report
from rag.library import Library, Synced
from rag.sources import Source

AT_ONCE: Final = 4  # most of the time they wait for others
PATIENCE_S: Final = 10.0  # for a document that is being read when all stops

log = logging.getLogger(__name__)


class _Halted(Exception):
    """We were asked to stop."""


class Rounds:
    """Goes round the sources; one that takes long holds up no other. `minutes`: how often, where one says nothing."""

    def __init__(self, library: Library, minutes: float, at_once: int = AT_ONCE) -> None:
        self._library, self._minutes = library, minutes
        self._threads = ThreadPoolExecutor(at_once, "round")  # not those that searches need
        self._running: dict[int, asyncio.Task[None]] = {}
        self._halted = False

    async def go(self) -> None:
        """Begins to read every source that is due and is not being read."""
        for known in await asyncio.to_thread(self._library.sources):
            if known.id not in self._running and self.due(known):
                task = self._running[known.id] = asyncio.create_task(self._read(known))
                task.add_done_callback(lambda _task, number=known.id: self._running.pop(number))  # type: ignore[misc]

    async def stop(self) -> None:
        """Ends what is being read behind the document that it is at: the next round goes on from there."""
        self._halted = True
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=PATIENCE_S)
        self._threads.shutdown(wait=False)

    def due(self, known: Synced) -> bool:
        """Whether it is time to try a source again."""
        age = seconds_since(known.last_try)
        return age is None or age >= 60 * (known.source.minutes or self._minutes)

    async def _read(self, known: Synced) -> None:
        """Takes one source in; what it holds up or breaks is its own affair."""
        told: dict[str, object] = {"source": known.id, "collection": known.source.collection}
        try:
            report = await asyncio.get_running_loop().run_in_executor(self._threads, self._sync, known.source)
        except _Halted:
            log.info("source left half-way", extra=told)
        except LibraryError as error:
            log.warning("source not read", extra={**told, "reason": str(error)})
        else:
            counts = {"indexed": report.indexed, "removed": report.removed, "failed": len(report.failed)}
            log.info("source read", extra={**told, **counts})

    def _sync(self, source: Source) -> Report:
        self._go_on()
        return self._library.sync(source, self._go_on)

    def _go_on(self, _name: str = "") -> None:
        """Ends a sync between two documents when all stops."""
        if self._halted:
            raise _Halted
