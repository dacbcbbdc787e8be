"""What is promised of knowledge, measured: `hausgeist bench knowledge [PART ...]`, each figure with its count."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from ops.bench.figures import Figure


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told: where the public sets are, where vectors are kept between runs, how many rows at most."""

    data: Path
    cache: Path
    rows: int | None = None


PARTS: Final = ("parse", "intake", "many", "find", "followups", "answer", "cost", "churn", "fence")
"""The parts in the order in which they run: `knowledge_PART.py` beside this file, loaded when it runs."""


def run(parts: tuple[str, ...], options: Options) -> list[Figure]:
    """Runs the parts, all where none is named, and prints their figures as they come."""
    figures: list[Figure] = []
    for part in parts or PARTS:
        for figure in import_module(f"ops.bench.knowledge_{part}").run(options):
            figure.say("knowledge")
            figures.append(figure)
    return figures
