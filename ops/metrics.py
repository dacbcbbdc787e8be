"""What is counted: one journal entry becomes metrics and one log line, without a word of the text."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest

from bot.errors import StateDown
from bot.inbox import Line
from bot.trace import Trace
from ops.freshness import seconds_since
from rag.errors import LibraryError
from rag.library import Synced

SECONDS: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300)
LINE: Final = {
    "ready": ("assistant_waiting", "Conversations that wait for a worker, of all replicas."),
    "running": ("assistant_running", "Conversations that are being answered, by all replicas."),
    "later": ("assistant_put_off", "Conversations that are tried again later, as their platform takes nothing."),
    "parked": ("assistant_parked", "Turns that failed too often and wait for an admin."),
}
SOURCES: Final = {
    "documents": ("assistant_source_documents", "Documents of a source that can be found."),
    "failed": ("assistant_source_failed", "What of a source could not be read."),
    "age": ("assistant_source_age_seconds", "Since a source was last read whole; NaN: never."),
    "problem": ("assistant_source_problem", "1 where a source could not be read the last time."),
}
LINE_SECONDS: Final = 2.0  # Redis may be silent; who collects the metrics waits for ten seconds at most

log = logging.getLogger(__name__)


class Metrics:
    """A journal that counts; `exposition` is what `/metrics` serves, with how much is in `line` at that moment."""

    def __init__(
        self,
        line: Callable[[], Awaitable[Line]] | None = None,
        sources: Callable[[], Sequence[Synced]] | None = None,
    ) -> None:
        self._line, self._sources = line, sources
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "assistant_requests_total",
            "Questions, by how they ended.",
            ("platform", "outcome"),
            registry=self._registry,
        )
        self._response = Histogram(
            "assistant_response_seconds",
            "From taking a question to the end, waiting included.",
            buckets=SECONDS,
            registry=self._registry,
        )
        self._steps = Histogram(
            "assistant_step_seconds", "Each step of an answer.", ("step",), buckets=SECONDS, registry=self._registry
        )
        self._silent = Counter(
            "assistant_silent_total", "Questions whose person was told nothing; must be 0.", registry=self._registry
        )
        self._gauges = {part: Gauge(*names, registry=self._registry) for part, names in LINE.items() if line}
        labels = ("source", "collection")
        self._of_sources = {
            part: Gauge(*names, labels, registry=self._registry) for part, names in SOURCES.items() if sources
        }

    def record(self, trace: Trace) -> None:
        """Counts a finished turn and writes its line to the log."""
        self._requests.labels(trace.platform, trace.outcome).inc()
        self._silent.inc(trace.outcome == "silent")
        self._response.observe(trace.waited + sum(trace.steps.values()) / 1000)
        for step, milliseconds in trace.steps.items():
            self._steps.labels(step).observe(milliseconds / 1000)
        steps = {step: round(milliseconds) for step, milliseconds in trace.steps.items()}
        fields: dict[str, object] = {
            "trace_id": trace.id,
            "platform": trace.platform,
            "outcome": trace.outcome,
            "waited_ms": round(1000 * trace.waited),
            "ms": steps,
        }
        log.info("turn", extra=fields | trace.counts)

    async def exposition(self) -> bytes:
        """All metrics in Prometheus' text format; what nobody can tell, with Redis away, is `NaN`."""
        line = await self._look()
        for part, gauge in self._gauges.items():
            gauge.set(getattr(line, part) if line else math.nan)
        await self._look_at_sources()
        return generate_latest(self._registry)

    async def _look(self) -> Line | None:
        if not self._line:
            return None
        try:
            async with asyncio.timeout(LINE_SECONDS):
                return await self._line()
        except (StateDown, TimeoutError):
            return None

    async def _look_at_sources(self) -> None:
        """Says how each source stands, by its number; its address may be nobody's business who collects metrics."""
        if not self._sources:
            return
        for gauge in self._of_sources.values():
            gauge.clear()
        try:
            known = await asyncio.to_thread(self._sources)
        except LibraryError:
            return
        for one in known:
            age = seconds_since(one.last_sync)
            values = {"documents": one.documents, "failed": one.failed, "problem": bool(one.problem)}
            for part, value in (values | {"age": math.nan if age is None else age}).items():
                self._of_sources[part].labels(one.id, one.source.collection).set(value)
