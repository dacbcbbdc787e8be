"""Parsing: hostile files end in time with text or a reason, and what is read holds what the truth holds."""

import re
import statistics
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from ops.bench.figures import Figure
from ops.bench.knowledge import Options
from rag.errors import Unreadable
from rag.parsing.parse import parse
from rag.parsing.sandbox import SHARED

SECONDS, MEMORY = 20.0, 2**30
HOSTILE = ("docs-poi-hostile", "docs-pdf-hostile")
NO_FILES = frozenset({"SOURCE.md", "README.md"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: its text or the reason why there is none, seconds, and bytes in use at most."""

    path: Path
    text: str
    reason: str
    seconds: float
    peak: int


def run(options: Options) -> Iterable[Figure]:
    """Reads the hostile sets, the normal ones, and those whose truth is known."""
    for name in HOSTILE:
        yield from _hostile(name, [_read(path) for path in _files(options.data / name)])
    normal = [_read(path) for path in _files(options.data / "docs-poi-normal")]
    _told("docs-poi-normal", normal)
    yield Figure("parse-poi-normal-read", sum(bool(one.text) for one in normal) / len(normal), len(normal))
    yield from _recall(options.data / "docs-docling")


def _hostile(name: str, outcomes: list[Outcome]) -> Iterator[Figure]:
    _told(name, outcomes)
    ended = sum(one.seconds <= SECONDS and one.peak <= MEMORY for one in outcomes)
    silent = sum(not one.text.strip() and not one.reason for one in outcomes)
    slowest, largest = max(one.seconds for one in outcomes), max(one.peak for one in outcomes)
    short = name.removeprefix("docs-")
    yield Figure(f"parse-{short}-ended", ended / len(outcomes), len(outcomes), 1.0)
    yield Figure(f"parse-{short}-silently-empty", silent / len(outcomes), len(outcomes), 0.0, most=True)
    yield Figure(f"parse-{short}-slowest-of-20-s", slowest / SECONDS, len(outcomes), 1.0, most=True)
    yield Figure(f"parse-{short}-largest-of-1-GB", largest / MEMORY, len(outcomes), 1.0, most=True)


def _recall(folder: Path) -> Iterator[Figure]:
    """The share of the truth's words that the text holds: over all files, and of each kind."""
    found: dict[str, list[float]] = {}
    for path in _files(folder):
        truths = [path.parents[1] / "groundtruth" / f"{name}.md" for name in (path.name, path.stem)]
        truth = next((file for file in truths if file.exists()), None)
        if path.parent.name == "sources" and truth:
            wanted, told = _words(truth.read_text("utf-8")), _words(_read(path).text)
            found.setdefault(path.parents[1].name, []).append(sum((wanted & told).values()) / max(wanted.total(), 1))
    for kind, recalls in found.items():
        goal = 0.9 if kind == "pdf" else None
        yield Figure(f"parse-recall-{kind}", statistics.median(recalls), len(recalls), goal)
    others = [recall for kind, recalls in found.items() if kind != "pdf" for recall in recalls]
    yield Figure("parse-recall", statistics.median(others), len(others), 0.95)


def _words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text.lower()))


def _read(path: Path) -> Outcome:
    begun, text, reason = time.monotonic(), "", ""
    try:
        text = parse(path).text
    except Unreadable as error:
        reason = error.reason
    return Outcome(path, text, reason, time.monotonic() - begun, SHARED.peak)


def _files(folder: Path) -> list[Path]:
    """The files of a set, whatever their kind. Raises ClickException."""
    if not folder.exists():
        raise click.ClickException(f"the test data is missing: {folder}; set HAUSGEIST_DATA to its folder")
    every = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in NO_FILES)
    return [path for path in every if path.suffix and path.parent.name != "groundtruth"]


def _told(name: str, outcomes: list[Outcome]) -> None:
    reasons = Counter(one.reason or "text" for one in outcomes)
    click.echo(f"{name}: " + ", ".join(f"{count} {reason}" for reason, count in reasons.most_common()))
