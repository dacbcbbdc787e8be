"""Kills a process at a random step of something it does with a library, and looks what the next one finds.

python -m tests.rag.killed ACT TIMES SEED FOLDER; the last line is what went wrong, as JSON. Everything with a library
happens in forks, so that each is a process of its own that need not be started.
"""

import asyncio
import io
import json
import os
import random
import shutil
import signal
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import FrameType

from rag import generations
from rag.catalog import EVERY_SOURCE
from rag.embedder import HashEmbedder
from rag.indexing import local_index
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source

COUNT = 12
DELETED = 3
SYSTEM_CALLS = (os.rename, os.mkdir, os.rmdir, os.unlink, os.fsync)
local_index.LEAST = 3  # so that snapshots are at stake, too
local_index.DEAD_S = 0.0
generations.KEPT = 1  # so that a third generation has the first dropped


def _text(number: int, version: str) -> str:
    return f"# Rule {number}\n\nThe {version} rule about word{number} and soup.\n"


def _begin(docs: Path, data: Path) -> None:
    """Makes two generations of a library, whose source has changed since."""
    docs.mkdir()
    for number in range(COUNT):
        (docs / f"{number}.md").write_text(_text(number, "old"))
    with closing(Library.open(data, HashEmbedder())) as library:
        library.sync(Source(docs))
        library.renew()
    (docs / "1.md").write_text(_text(1, "new"))
    (docs / "2.md").unlink()
    (docs / f"{COUNT}.md").write_text(_text(COUNT, "new"))


def _sync(library: Library) -> None:
    library.sync(library.sources()[0].source)


def _delete(library: Library) -> None:
    library.delete(f"{DELETED}.md")
    _found(library, DELETED)
    library.settle()


def _roll_back(library: Library) -> None:
    if library.current().number != 1:
        library.roll_back(1)


ACTS: dict[str, Callable[[Library], object]] = {
    "sync": _sync,
    "renew": Library.renew,
    "rollback": _roll_back,
    "delete": _delete,
}


def _killed(act: str, data: Path, step: int) -> int:
    """Does something up to this step, which is not done; returns how many steps there are if it lived to its end.

    A step is what may leave something behind: a statement of SQLite's, a change of folders, a piece of a file.
    """
    steps = 0

    def watch(frame: FrameType, event: str, argument: object) -> None:
        nonlocal steps
        if event == "c_call" and _lasting(argument):
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)

    library = Library.open(data, HashEmbedder())
    _found(library, 7)
    threading.setprofile(watch)
    sys.setprofile(watch)
    ACTS[act](library)
    sys.setprofile(None)
    library.close()
    return steps


def _lasting(called: object) -> bool:
    owner = getattr(called, "__self__", None)
    return isinstance(owner, sqlite3.Connection | io.BufferedWriter) or called in SYSTEM_CALLS


def _wrong(act: str, docs: Path, data: Path) -> list[str]:
    """Tells what is not as it must be for the next process, and after it has done the same again."""
    with closing(Library.open(data, HashEmbedder())) as library:
        wrong = _half_done(act, library)
        ACTS[act](library)
        _sync(library)
        library.settle()
        there = {_number(name) for name in library.current().names()}
        expected = {_number(path.name) for path in docs.iterdir()} - ({DELETED} if act == "delete" else set())
        found = {number for number in range(COUNT + 1) if _found(library, number)}
        if there != expected or found != expected:
            wrong.append(f"in the end there are {sorted(there)}, found are {sorted(found)}")
        wrong += _litter(data, {made.id for made in library.catalog.generations() if made.state != "failed"})
    return wrong


def _half_done(act: str, library: Library) -> list[str]:
    """Tells what cannot be found though nothing happened to it, and what is neither as it was nor as it will be."""
    wrong = [f"{number}.md is not found" for number in range(4, COUNT) if not _found(library, number)]
    changed = library.document("1.md", frozenset())
    if changed is None or changed.text not in {_text(1, "old"), _text(1, "new")}:
        wrong.append("1.md is neither as it was nor as it is")
    if _found(library, DELETED) == ((f"{DELETED}.md", EVERY_SOURCE) in library.catalog.standing().gone):
        wrong.append("a document is found though deleted, or neither")
    return wrong


def _litter(data: Path, kept: set[int]) -> list[str]:
    """Tells what lies in the data directory that nobody needs, and what is broken."""
    folder = data / "generations"
    wrong = [
        f"{path.name} is nobody's" for path in folder.glob("[0-9]*") if int(path.name.partition(".")[0]) not in kept
    ]
    wrong += [f"{path} was left" for path in folder.glob("*/new*")]
    for path in (data / "catalog.db", *folder.glob("*.db")):
        with closing(sqlite3.connect(path)) as db:
            if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
                wrong.append(f"{path.name} is broken")
    return wrong


def _found(library: Library, number: int) -> bool:
    hits = asyncio.run(Retriever(library).search(f"word{number}", frozenset(), per_document=True))
    return any(hit.passage.doc_id == f"{number}.md" for hit in hits)


def _number(name: str) -> int:
    return int(name.removesuffix(".md"))


def _forked(work: Callable[[], object]) -> object:
    """Returns what work returned in a process of its own; None if it was killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.write(writing, json.dumps(work()).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) not in (0, -signal.SIGKILL):
        raise SystemExit("it failed before it could be killed")
    return json.loads(said) if said else None


def main(act: str, times: int, seed: int, folder: Path) -> None:
    """Prints what went wrong, by the step at which the process was killed."""
    docs, begin, wrong = folder / "docs", folder / "begin", {}
    _forked(lambda: _begin(docs, begin))
    steps = _forked(lambda: _killed(act, _copy(begin, 0), 0))
    assert isinstance(steps, int)
    for step in sorted(random.Random(seed).sample(range(1, steps), times)):
        data = _copy(begin, step)
        _forked(lambda data=data, step=step: _killed(act, data, step))  # type: ignore[misc]
        if found := _forked(lambda data=data: _wrong(act, docs, data)):  # type: ignore[misc]
            wrong[step] = found
    sys.stdout.write(json.dumps({"steps": steps, "wrong": wrong}) + "\n")


def _copy(data: Path, step: int) -> Path:
    return shutil.copytree(data, data.with_name(str(step)))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]))
