"""Everything the guard promises, measured: `hausgeist bench guard [PART ...]`, each figure with its count."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from guardrails.masking import Span
from guardrails.pii import Guard
from ops.bench import guard_cost, guard_data, guard_recall, guard_restore
from ops.bench.figures import Figure

PARTS: Final = ("recall", "alarms", "cost", "restore", "attacks", "kills")


def run(parts: tuple[str, ...], data: Path | None = None) -> list[Figure]:
    """Runs the parts, all where none is named, and prints their figures."""
    if data:
        guard_data.use(data)
    guard = Guard(workers=0)
    guard.load()
    ways: dict[str, Callable[[], list[Figure]]] = {
        "recall": lambda: _recall(guard.find),
        "alarms": lambda: guard_recall.alarms(guard.find),
        "cost": lambda: _cost(guard.find),
        "restore": lambda: guard_restore.run([row.text for row in guard_data.research()], guard.find),
        "attacks": _attacks,
        "kills": _kills,
    }
    figures: list[Figure] = []
    for part in parts or PARTS:
        found = ways[part]()
        for figure in found:
            figure.say("guard")
        figures += found
    return figures


def _recall(find: Callable[[str], list[Span]]) -> list[Figure]:
    research = guard_recall.tallies(guard_data.research(), find)
    return [*guard_recall.structured(find, research), *guard_recall.names(find, research)]


def _cost(find: Callable[[str], list[Span]]) -> list[Figure]:
    theirs = guard_cost.stock()
    texts = [row.text for row in guard_data.research()]
    lowered = [text.lower() for text in texts]
    clean = [text for text in guard_data.knowledge(300) if not find(text)]
    return [
        guard_cost.cost("cpu", texts, find, theirs),
        guard_cost.cost("cpu-lower-case", lowered, find, theirs),
        guard_cost.cost("cpu-knowledge-base-sentences", clean, find, theirs),
        guard_cost.passes(find),
    ]


def _attacks() -> list[Figure]:
    from ops.bench import guard_attacks

    return guard_attacks.run()


def _kills() -> list[Figure]:
    from ops.bench import guard_kills

    return guard_kills.run()
