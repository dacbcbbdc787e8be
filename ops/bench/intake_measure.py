"""What one way of taking in files costs: the CPU time of a run, and the memory that what it made takes."""

import gc
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path


class NullEmbedder:
    """Embeds nothing: every text gets a vector of E5's length that is there already."""

    name = "null"
    dimension = 384

    def __init__(self) -> None:
        import numpy as np

        self._rows = np.random.default_rng(7).normal(size=(2048, self.dimension)).astype(np.float32)
        self._rows /= np.linalg.norm(self._rows, axis=1, keepdims=True)

    def queries(self, texts: list[str]):  # type: ignore[no-untyped-def]  # numpy is not typed where peers run
        return self._rows[: len(texts)]

    def passages(self, texts: list[str]):  # type: ignore[no-untyped-def]
        return self._rows.take(range(len(texts)), 0, mode="wrap")


def measure(take: Callable[[Path], tuple[int, object]]) -> None:
    """Runs a way on a folder and prints, as JSON, what it cost; `take` returns how many passages, and what it made.

    The folder to begin with, so that nothing is loaded while the clock runs, the folder to measure and the number of
    runs stand at the end of the command line.
    """
    warm, folder, runs = sys.argv[-3:]
    take(Path(warm))
    gc.collect()
    before, seconds, grown = resident(), [], 0
    for _ in range(int(runs)):
        begun = time.process_time()
        count, made = take(Path(folder))
        seconds.append(time.process_time() - begun)
        gc.collect()
        grown = grown or resident() - before
        del made
    sys.stdout.write(json.dumps({"seconds": statistics.median(seconds), "passages": count, "bytes": grown}) + "\n")


def resident() -> int:
    """Returns how many bytes of memory this process takes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
