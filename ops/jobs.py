"""What happens by the clock: reading the sources again, so that the index follows what changed."""

import asyncio
import logging

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from rag.errors import LibraryError
from rag.library import Library

log = logging.getLogger(__name__)


def scheduled(library: Library, sync_minutes: float) -> AsyncIOScheduler:
    """A scheduler, not yet started, with all jobs; a missed run is made up once."""
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"coalesce": True, "max_instances": 1})
    scheduler.add_job(resync, "interval", minutes=sync_minutes, args=[library], id="resync", misfire_grace_time=None)
    return scheduler


async def resync(library: Library) -> None:
    """Indexes what changed in every known source; a source that fails does not stop the others."""
    for known in await asyncio.to_thread(library.sources):
        try:
            report = await asyncio.to_thread(library.sync, known.source)
        except LibraryError as error:
            log.warning("source not read", extra={"collection": known.source.collection, "reason": str(error)})
            continue
        counts = {"indexed": report.indexed, "removed": report.removed, "failed": len(report.failed)}
        log.info("source read", extra=counts)
