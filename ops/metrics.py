"""What is counted: one journal entry becomes metrics and one log line, without a word of the text."""

import logging
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.exposition import generate_latest

from bot.trace import Trace

SECONDS: Final = (0.1, 0.25, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300)

log = logging.getLogger(__name__)


class Metrics:
    """A journal that counts; `exposition` is what `/metrics` serves."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "assistant_requests_total",
            "Questions, by how they ended.",
            ("platform", "outcome"),
            registry=self._registry,
        )
        self._response = Histogram(
            "assistant_response_seconds", "From taking a question to the end.", buckets=SECONDS, registry=self._registry
        )
        self._steps = Histogram(
            "assistant_step_seconds", "Each step of an answer.", ("step",), buckets=SECONDS, registry=self._registry
        )

        self._silent = Counter(
            "assistant_silent_total", "Questions whose person was told nothing; must be 0.", registry=self._registry
        )

    def record(self, trace: Trace) -> None:
        """Counts a finished turn and writes its line to the log."""
        self._requests.labels(trace.platform, trace.outcome).inc()
        self._silent.inc(trace.outcome == "silent")
        self._response.observe(sum(trace.steps.values()) / 1000)
        for step, milliseconds in trace.steps.items():
            self._steps.labels(step).observe(milliseconds / 1000)
        steps = {step: round(milliseconds) for step, milliseconds in trace.steps.items()}
        fields: dict[str, object] = {
            "trace_id": trace.id,
            "platform": trace.platform,
            "outcome": trace.outcome,
            "ms": steps,
        }
        log.info("turn", extra=fields | trace.counts)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self._registry)
