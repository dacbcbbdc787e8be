"""What one document costs when it comes, changes or goes, in small libraries and large; what happens under load."""

import asyncio
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from statistics import median

from ops.bench.figures import Figure
from ops.bench.knowledge import Options
from ops.bench.knowledge_generated import GeneratedEmbedder, generated, word
from rag.errors import LibraryError
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source

SMALL, LARGE = 10_000, 100_000
TIMES = 60
DELETED = 1000
ASKERS = 2
SWAPS = 5
EVERYBODY: frozenset[str] = frozenset()


def run(options: Options) -> Iterable[Figure]:
    """Measures cost ratios, then deletion, then swaps."""
    with tempfile.TemporaryDirectory() as folder:
        with ExitStack() as stack:
            sizes = [SMALL, LARGE]
            libraries = [stack.enter_context(closing(generated(Path(folder) / str(size), size))) for size in sizes]
            small, large = _costs(libraries, Path(folder) / "docs")
        for act, cost in large.items():
            yield Figure(f"churn-{act}-milliseconds-at-{LARGE}", 1000 * cost, TIMES)
            yield Figure(f"churn-{act}-at-{LARGE}-over-{SMALL}", cost / small[act], TIMES, 2.0, most=True)
        times = options.rows or DELETED
        with closing(generated(Path(folder) / "deleted", SMALL)) as library:
            found, failed = _deleted(library, Path(folder) / "deleted", times)
        yield Figure("churn-found-though-deleted", found, times, 0, most=True)
        yield Figure("churn-failed-beside-deletions", failed[0], failed[1], 0, most=True)
        failed = _swapped(Path(folder) / "swapped", SWAPS)
        yield Figure("churn-failed-beside-swaps-and-rollbacks", failed[0], failed[1], 0, most=True)


def _costs(libraries: list[Library], folder: Path) -> list[dict[str, float]]:
    """Returns the median seconds of each act in each library, until its index in this process has it.

    The libraries take turns, so that what else the machine does weighs on all of them alike.
    """
    folder.mkdir()
    seconds: list[dict[str, list[float]]] = [{"added": [], "changed": [], "deleted": []} for _ in libraries]
    for number in range(TIMES):
        file = folder / f"extra-{number}.md"
        for act, text in (("added", "one text"), ("changed", "quite another text"), ("deleted", "")):
            file.write_text(
                f"# Extra {number}\n\n{text} about {word(number)} {word(7 * number)} and {word(90 * number)}\n"
            )
            for library, costs in zip(libraries, seconds, strict=True):
                costs[act].append(_seconds(library, file, act))
    return [{act: median(each) for act, each in costs.items()} for costs in seconds]


def _seconds(library: Library, file: Path, act: str) -> float:
    begin = time.perf_counter()
    if act == "deleted":
        library.delete(file.name)
    else:
        library.sync(Source(file))
    library.current().index.vectors([])  # takes over what changed
    return time.perf_counter() - begin


def _deleted(library: Library, folder: Path, times: int) -> tuple[int, tuple[int, int]]:
    """Deletes documents while others ask; returns how often one was found a second later, and the askers' failures."""
    due: list[tuple[float, str]] = []
    found = 0

    def check(until: float) -> None:
        nonlocal found
        while due and due[0][0] <= until:
            name = due.pop(0)[1]
            hits = asyncio.run(Retriever(library).search(_title(name), EVERYBODY, k=20))
            found += any(hit.passage.doc_id == name for hit in hits)

    with closing(Library.open(folder, GeneratedEmbedder())) as other, _asking(library) as failed:
        for number in range(times):
            other.delete(f"{number}.md")  # as another process would
            due.append((time.monotonic() + 1, f"{number}.md"))
            check(time.monotonic())
        while due:
            time.sleep(max(0.0, due[0][0] - time.monotonic()))
            check(time.monotonic())
    return found, (failed[0], failed[1])


def _swapped(folder: Path, times: int) -> tuple[int, int]:
    """Builds, swaps and rolls back while others ask; returns how many questions failed, of how many."""
    papers = folder / "papers"
    papers.mkdir(parents=True)
    for number in range(200):
        (papers / f"{number}.md").write_text(f"# Document {number}\n\n{word(number)} {word(number + 1)}\n")
    with closing(Library.open(folder / "data", GeneratedEmbedder())) as library:
        library.sync(Source(papers))
        with closing(Library.open(folder / "data", GeneratedEmbedder())) as other, _asking(other) as failed:
            for _ in range(times):
                library.renew()
                library.roll_back()
        return failed[0], failed[1]


@contextmanager
def _asking(library: Library) -> Iterator[list[int]]:
    """Has questions asked without a pause; the list holds how many failed or found nothing, and how many there were."""
    counts, stop = [0, 0], threading.Event()

    def ask(number: int) -> None:
        while not stop.is_set():
            number += ASKERS
            try:
                hits = asyncio.run(Retriever(library).search(_title(f"{number % 200}.md"), EVERYBODY))
            except LibraryError:
                hits = []
            counts[0] += not hits
            counts[1] += 1

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(ASKERS)]
    for asker in askers:
        asker.start()
    try:
        yield counts
    finally:
        stop.set()
        for asker in askers:
            asker.join()


def _title(name: str) -> str:
    return f"Document {name.removesuffix('.md')} {word(3)} {word(40)}"
