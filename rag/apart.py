"""Reads one file that a stranger sent, in a short-lived process of its own: a bomb, a hang or a crash ends only that.

Run as `python -m rag.apart PATH`: the question on stdin, what was found as JSON on stdout.
"""

import asyncio
import contextlib
import json
import math
import os
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rag.errors import Unreadable
from rag.words import language, query_stems, stems

SECONDS: Final = 10.0
MEMORY: Final = 2 * 2**30
WRITTEN: Final = 32 * 2**20  # kreuzberg unpacks its library for PDF beside the file
CHARACTERS: Final = 200_000  # of a file's text; what comes after is left out
LONGEST: Final = 4_000  # characters of one passage, whatever the other process says

_SAID: Final = 2**20  # bytes that it may say
_QUESTION: Final = 4_000
_KILLED: Final = "it took too much time or memory"


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


async def best_pieces(path: Path, question: str, most: int, seconds: float = SECONDS) -> Found:
    """Reads a file, which stands in a folder of its own, and picks what fits a question. Raises Unreadable."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", "-m", __name__, str(path), str(most), str(math.ceil(seconds))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=path.parent,
        env={"PATH": os.defpath, "TMPDIR": str(path.parent)},  # no secret of ours
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(seconds):
            said = await _converse(process, question[:_QUESTION].encode("utf-8", "replace"))
    except TimeoutError:
        raise Unreadable(_KILLED) from None
    finally:
        await _end(process)
    return _found(said)


async def _converse(process: asyncio.subprocess.Process, question: bytes) -> bytes:
    """Hands the question over and takes what is said, up to a bound."""
    assert process.stdin
    assert process.stdout
    with contextlib.suppress(ConnectionError):
        process.stdin.write(question)
        await process.stdin.drain()
        process.stdin.close()
    said = b""
    while len(said) < _SAID and (more := await process.stdout.read(_SAID)):
        said += more
    return said


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ends it and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert process.stdout
    await asyncio.shield(asyncio.gather(process.wait(), _drained(process.stdout)))


async def _drained(stream: asyncio.StreamReader) -> None:
    while await stream.read(_SAID):
        pass


def _found(said: bytes) -> Found:
    """What the process says, which a hostile file may have made say anything."""
    try:
        answer = json.loads(said)
        if "unreadable" in answer:
            raise Unreadable(str(answer["unreadable"])[:200])
        pieces = [Piece(int(at), _sound(heading)[:200], _sound(text)[:LONGEST]) for at, heading, text in answer["best"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Unreadable(_KILLED) from None
    return Found(tuple(pieces), bool(answer.get("cut")))


def _sound(text: object) -> str:
    return str(text).encode("utf-8", "replace").decode()


def _read(path: Path, question: str, most: int) -> Mapping[str, object]:
    """In the other process: parses, cuts and ranks."""
    from rag.chunking import passages  # not in the parent, which needs no parser
    from rag.parsing import parse
    from rag.passages import Document

    try:
        text = parse(path).text
    except Unreadable as error:
        return {"unreadable": error.reason}
    cut = passages(Document("", "", text[:CHARACTERS]))
    best = _ranked([f"{passage.heading} {passage.text}" for passage in cut], question)[:most]
    pieces = [(place, cut[place].heading, cut[place].text) for place in best]
    return {"best": pieces, "cut": len(text) > CHARACTERS}


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


def _confine(seconds: int) -> None:
    """Bounds what this process may take; it ends by itself, too, should nobody be left to end it."""
    bounds = {
        resource.RLIMIT_AS: MEMORY,
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_FSIZE: WRITTEN,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 64,
    }
    for kind, bound in bounds.items():
        with contextlib.suppress(ValueError, OSError):  # not every system knows each
            resource.setrlimit(kind, (bound, bound))
    signal.alarm(seconds)


def main() -> None:
    """Reads the file named on the command line."""
    path, most, seconds = sys.argv[1:]
    _confine(int(seconds))
    question = sys.stdin.buffer.read(4 * _QUESTION).decode("utf-8", "replace")
    sys.stdout.write(json.dumps(_read(Path(path), question, int(most))))


if __name__ == "__main__":
    main()
