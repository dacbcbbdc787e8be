"""What very many small files cost: a folder of them taken in, read again and only listed, in a process of its own.

Whether the cost of a thousand, and the memory while they are read, grow with how many there are already.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Final

from ops.bench.figures import Figure
from ops.bench.intake_measure import NullEmbedder
from ops.bench.knowledge import Options
from rag.library import Library
from rag.sources import Source

FILES: Final = 100_000
A_FOLDER: Final = 1_000
SECONDS: Final = 3_600
PAGE: Final = os.sysconf("SC_PAGE_SIZE")


def run(options: Options) -> Iterable[Figure]:
    """Yields CPU milliseconds a file, the last tenth's cost over the second's, and MB of memory more at the end."""
    files = options.rows or FILES
    with tempfile.TemporaryDirectory() as folder:
        fill(Path(folder) / "files", files)
        command = [sys.executable, "-m", __name__, folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)  # noqa: S603 - ours
        told = json.loads(done.stdout)
    for what in ("first", "again"):
        marks = told[what]
        tenths = [after - before for (before, _), (after, _) in pairwise(marks)]
        yield Figure(f"many-{what}-cpu-ms-a-file", 1000 * (marks[-1][0] - marks[0][0]) / files, files)
        yield Figure(f"many-{what}-last-tenth-over-second", tenths[-1] / tenths[1], files, 1.3, most=True)
        yield Figure(f"many-{what}-megabytes-grown", (marks[-1][1] - marks[1][1]) / 2**20, files)
    yield Figure("many-listed-cpu-ms-a-file", 1000 * told["listed"] / files, files)


def fill(folder: Path, files: int) -> None:
    """Writes small files, no two alike, a thousand in a folder."""
    for number in range(files):
        inside = folder / f"{number // A_FOLDER:04}"
        if not number % A_FOLDER:
            inside.mkdir(parents=True)
        text = f"# Rule {number}\nItem {number * 7919 % 100_003} is in room {number % 977}, shelf {number % 31}.\n"
        (inside / f"{number:07}.md").write_text(text)


def _measured(folder: Path) -> dict[str, object]:
    """Takes the folder in twice, noting CPU seconds and bytes of memory at every tenth, and lists it."""
    source, library = Source(folder / "files"), Library.open(folder / "index", NullEmbedder())
    files = sum(1 for _ in (folder / "files").rglob("*.md"))
    told: dict[str, object] = {}
    for what in ("first", "again"):
        marks, done = [_mark()], 0

        def step(_name: str) -> None:
            nonlocal done
            done += 1
            if not done % (files // 10):
                marks.append(_mark())  # noqa: B023  (used up before the next round)

        library.sync(source, step)
        told[what] = marks
    begun = time.process_time()
    told["listed"] = sum(1 for _ in source.entries()) and time.process_time() - begun
    library.close()
    return told


def _mark() -> tuple[float, int]:
    return time.process_time(), int(Path("/proc/self/statm").read_text().split()[1]) * PAGE


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_measured(Path(sys.argv[1]))))
