"""Reads a file that came with a question: its pieces that fit the question best. Parsed in a sandbox of its own."""

import asyncio
import atexit
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.chunking import passages
from rag.parsing.parse import parse
from rag.parsing.sandbox import Sandbox
from rag.passages import Document
from rag.words import language, query_stems, stems

SECONDS: Final = 10
CHARACTERS: Final = 200_000  # of a file's text; what comes after is left out

_SANDBOX: Final = Sandbox()  # not the one that long syncs keep busy
atexit.register(_SANDBOX.close)


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage of a file, the path of headings above it, and its place in the file."""

    place: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Found:
    """The pieces that share most with the question, best first; `cut` where the file goes on beyond what was read."""

    pieces: tuple[Piece, ...]
    cut: bool = False


async def best_pieces(path: Path, question: str, most: int, seconds: int = SECONDS) -> Found:
    """Reads a file, off the event loop, and picks what fits a question. Raises Unreadable."""
    return await asyncio.to_thread(_read, path, question, most, seconds)


def _read(path: Path, question: str, most: int, seconds: int) -> Found:
    text = parse(path, _SANDBOX, seconds).text
    cut = passages(Document("", "", text[:CHARACTERS]))
    best = _ranked([f"{passage.heading} {passage.text}" for passage in cut], question)[:most]
    pieces = [Piece(place, cut[place].heading, cut[place].text) for place in best]
    return Found(tuple(pieces), len(text) > CHARACTERS)


def _ranked(texts: Sequence[str], question: str) -> list[int]:
    """The places of texts by the words they share with the question, rare words first; else as they stand."""
    tongue = language(" ".join(texts)[:10_000])
    held = [frozenset(stems(text, tongue)) for text in texts]
    scores = [0.0] * len(texts)
    for group in query_stems(question):
        having = [place for place, words in enumerate(held) if words & group]
        for place in having:
            scores[place] += math.log(1 + len(texts) / len(having))
    return sorted(range(len(texts)), key=lambda place: -scores[place])
