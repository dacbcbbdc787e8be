"""The public sets on which finding is measured: documents, questions, and which document answers which."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

LANGUAGES: Final = ("en", "de", "es")
XQUAD: Final = "qa-xquad-multilingual"
TEAMS: Final = "kb-msteams-docs-de"


@dataclass(frozen=True, slots=True)
class RetrievalSet:
    """Questions on one corpus; `wanted` holds a question's documents with their grades.

    `plus` is how far search is to be above words alone, `least` what it is to reach.
    """

    name: str
    corpus: Path
    questions: dict[str, str]
    wanted: dict[str, dict[str, float]]
    plus: float | None = None
    least: float | None = None


def retrieval_sets(data: Path) -> Iterator[RetrievalSet]:
    """All sets of the folder. Raises ClickException, aloud, where one is missing."""
    yield _anchors(data / "kb-18f-handbook", "18f", plus=0.05)
    yield _anchors(data / "kb-ragflow-docs", "ragflow")
    yield from (_beir(data / f"ir-{name}", name) for name in ("cranfield", "med"))
    titles = records(data / TEAMS / "parallel_titles.jsonl")
    yield _known(f"{TEAMS[3:]}-titles", data / TEAMS / "corpus.jsonl", _titled(titles, "title_de"))
    yield _known("french-to-german", data / TEAMS / "corpus.jsonl", _titled(titles, "title_fr"), least=0.80)
    for asked in LANGUAGES:
        for written in LANGUAGES:
            least = 0.90 if (asked, written) == ("de", "en") else None
            yield _xquad(data / XQUAD, asked, written, least)


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a file. Raises ClickException where it is missing."""
    if not path.exists():
        raise click.ClickException(f"the test data is missing: {path}; set HAUSGEIST_DATA to its folder")
    return [json.loads(line) for line in path.read_text().splitlines()]


def _anchors(folder: Path, name: str, plus: float | None = None) -> RetrievalSet:
    rows = records(folder / "anchor_queries.jsonl")
    wanted = {row["_id"]: dict.fromkeys(row["positives"], 1.0) for row in rows}
    return RetrievalSet(name, folder / "corpus.jsonl", {row["_id"]: row["text"] for row in rows}, wanted, plus)


def _beir(folder: Path, name: str) -> RetrievalSet:
    wanted = defaultdict[str, dict[str, float]](dict)
    for line in (folder / "qrels.tsv").read_text().splitlines()[1:]:
        question, document, grade = line.split("\t")
        wanted[question][document] = float(grade)
    questions = {str(row["_id"]): row["text"] for row in records(folder / "queries.jsonl")}
    return RetrievalSet(name, folder / "corpus.jsonl", questions, dict(wanted))


def _xquad(folder: Path, asked: str, written: str, least: float | None) -> RetrievalSet:
    rows = records(folder / f"questions.{asked}.jsonl")
    name = f"xquad-{asked}" if asked == written else f"xquad-{asked}-to-{written}"
    asks = [(row["_id"], row["text"], row["positive"]) for row in rows]
    return _known(name, folder / f"corpus.{written}.jsonl", asks, least=least)


def _titled(rows: list[dict[str, Any]], field: str) -> Iterator[tuple[str, str, str]]:
    return ((row["_id"], row[field], row["_id"]) for row in rows if row.get(field))


def _known(
    name: str, corpus: Path, asks: Iterable[tuple[str, str, str]], *, least: float | None = None
) -> RetrievalSet:
    """A set whose questions have one document each."""
    known = list(asks)
    wanted = {key: {document: 1.0} for key, _, document in known}
    return RetrievalSet(name, corpus, {key: text for key, text, _ in known}, wanted, least=least)
