"""What is promised of knowledge, measured: `hausgeist bench knowledge [PART ...]`, each figure with its count."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ops.bench.figures import Figure


@dataclass(frozen=True, slots=True)
class Options:
    """What a run may be told: where the public sets are, where vectors are kept between runs, how many rows at most."""

    data: Path
    cache: Path
    rows: int | None = None


Part = Callable[[Options], Iterable[Figure]]


def _parse(options: Options) -> Iterable[Figure]:
    from ops.bench.knowledge_parse import run as measure

    return measure(options)


def _find(options: Options) -> Iterable[Figure]:
    from ops.bench.knowledge_find import run as measure

    return measure(options)


def _intake(options: Options) -> Iterable[Figure]:
    from ops.bench.knowledge_intake import run as measure

    return measure(options)


PARTS: Final[dict[str, Part]] = {"parse": _parse, "find": _find, "intake": _intake}
"""The parts in the order in which they run, each in a file of its own that loads what it measures when it runs."""


def run(parts: tuple[str, ...], options: Options) -> list[Figure]:
    """Runs the parts, all where none is named, and prints their figures as they come."""
    figures: list[Figure] = []
    for part in parts or tuple(PARTS):
        for figure in PARTS[part](options):
            figure.say("knowledge")
            figures.append(figure)
    return figures
