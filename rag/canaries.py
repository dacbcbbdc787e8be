"""Whether a new generation finds what it must: documents by their own titles, and what the operator asks of it."""

import json
from dataclasses import dataclass
from pathlib import Path

from rag.embedder import Embedder
from rag.errors import LibraryError
from rag.generation import Generation

FILE = "canaries.jsonl"
SAMPLE = 50
AMONG = 20  # passages of each half in which the document must be
FOUND = 0.9  # of the sampled titles: some say too little to be found by
LOST = 0.05  # of what the generation before has; more is no accident


@dataclass(frozen=True, slots=True)
class Canary:
    """A question, and a document that must be found by it."""

    text: str
    doc_id: str


def told(path: Path) -> list[Canary]:
    """Reads the operator's canaries, if there are any; raises LibraryError where a line is none."""
    if not path.exists():
        return []
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return [Canary(str(row["text"]), str(row["doc_id"])) for row in rows]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise LibraryError(f'{path} cannot be read: each line is {{"text": ..., "doc_id": ...}}') from error


def objection(fresh: Generation, before: Generation, embedder: Embedder, asked: list[Canary]) -> str:
    """Says why the fresh generation must not answer, or nothing."""
    documents, lost = fresh.size()[0], len(before.names() - fresh.names())
    if lost > LOST * before.size()[0]:
        return f"{lost} of {before.size()[0]} documents are missing"
    missing = [canary.doc_id for canary in asked if not _found(fresh, embedder, canary)]
    if missing:
        return f"not found, though {FILE} asks for it: {', '.join(missing[:5])}"
    sampled = fresh.titles(SAMPLE)
    found = sum(_found(fresh, embedder, Canary(title, name)) for name, title in sampled)
    if documents and found < FOUND * len(sampled):
        return f"only {found} of {len(sampled)} documents are found by their titles"
    return ""


def _found(generation: Generation, embedder: Embedder, canary: Canary) -> bool:
    audiences = generation.every_audience()
    near = generation.index.near(embedder.queries([canary.text])[0], audiences, AMONG)
    said = generation.index.said(canary.text, audiences, AMONG)
    return generation.among(canary.doc_id, [*near, *said])
