"""The jobs by the clock: what changed in a source is found without a hand."""

import asyncio
import logging
from pathlib import Path

import pytest

from ops.jobs import resync, scheduled
from rag.library import Library
from rag.retriever import Retriever


async def test_the_clock_brings_in_what_is_new(library: Library, tmp_path: Path) -> None:
    (tmp_path / "handbook" / "dogs.md").write_text("# Dogs\n\nDogs may come to the office on Fridays.\n")
    jobs = scheduled(library, sync_minutes=0.0005)
    jobs.start()
    search = Retriever(library).search
    while not (hits := await search("dogs office Fridays", frozenset())) or hits[0].passage.doc_id != "dogs.md":
        await asyncio.sleep(0.02)
    jobs.shutdown()
    await asyncio.sleep(0.1)  # the run under way ends in its thread


async def test_a_source_that_is_gone_is_told_and_stays_as_it_was(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "handbook").rename(tmp_path / "elsewhere")
    with caplog.at_level(logging.WARNING):
        await resync(library)
    assert "source not read" in caplog.text
    assert library.stats().documents == 3
