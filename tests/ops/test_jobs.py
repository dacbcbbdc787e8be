"""The jobs by the clock: what changed in a source is found without a hand, and one process of all does it."""

import asyncio
import logging
import sys
import time
from asyncio.subprocess import Process
from collections import Counter
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot import keys
from ops.jobs import Jobs, retain, tidy
from ops.rounds import Rounds
from rag.library import Library
from rag.retriever import Retriever

ROOT = Path(__file__).parents[2]
EVERY = 0.2
SCHEDULER = """
import asyncio, pathlib, sys
from ops.jobs import Jobs
from ops.redis_server import connect
from rag.embedder import HashEmbedder
from rag.library import Library

async def main(url, folder, name, every):
    redis = connect(url)
    jobs = Jobs(redis, Library.open(pathlib.Path(folder), HashEmbedder()), 60, {}, lease_seconds=1)

    async def note():
        await redis.rpush("fired", name)

    jobs.add("note", float(every), note)
    await jobs.start()
    await asyncio.Event().wait()

asyncio.run(main(*sys.argv[1:]))
"""


async def test_the_clock_brings_in_what_is_new(redis: Redis, library: Library, tmp_path: Path) -> None:
    (tmp_path / "handbook" / "dogs.md").write_text("# Dogs\n\nDogs may come to the office on Fridays.\n")
    jobs = Jobs(redis, library, 0.0005, {})
    await jobs.start()
    search = Retriever(library).search
    while not (hits := await search("dogs office Fridays", frozenset())) or hits[0].passage.doc_id != "dogs.md":
        await asyncio.sleep(0.02)
    await jobs.stop()
    await asyncio.sleep(0.1)  # the run under way ends in its thread


async def test_of_two_schedulers_one_fires_each_time(redis: Redis, library: Library) -> None:
    fired: list[int] = []

    async def note() -> None:
        fired.append(int(time.time() // EVERY))

    both = [Jobs(redis, library, 60, {}, lease_seconds=0.3) for _ in range(2)]
    for jobs in both:
        jobs.add("note", EVERY, note)
        await jobs.start()
    while len(fired) < 5:
        await asyncio.sleep(0.02)
    await both[0].stop()
    while len(fired) < 10:
        await asyncio.sleep(0.02)
    await both[1].stop()
    assert len(set(fired)) == len(fired)


@pytest.mark.timeout(60)
async def test_killed_scheduler_is_followed_by_another_process(redis: Redis, redis_url: str, tmp_path: Path) -> None:
    processes = {name: await scheduler(redis_url, tmp_path, name) for name in (b"one", b"two")}
    try:
        while len(await redis.lrange("fired", 0, -1)) < 10:
            await asyncio.sleep(0.02)
        leader = (await redis.lrange("fired", 0, 0))[0]
        next(process for name, process in processes.items() if name == leader).kill()
        while len(set(fired := await redis.lrange("fired", 0, -1))) < 2:
            await asyncio.sleep(0.02)
        assert Counter(fired)[leader] >= 9
        assert fired[: fired.count(leader)] == [leader] * fired.count(leader)  # one after the other, never mixed
    finally:
        for process in processes.values():
            if process.returncode is None:
                process.kill()
            await process.wait()


async def scheduler(url: str, folder: Path, name: bytes) -> Process:
    words = (url, str(folder / f"{name.decode()}.db"), name.decode(), str(EVERY))
    return await asyncio.create_subprocess_exec(sys.executable, "-c", SCHEDULER, *words, cwd=ROOT)


async def test_retention_is_a_job(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    await redis.set(keys.answer("old"), "an answer that nobody gave an end")
    with caplog.at_level(logging.INFO):
        await retain(redis, {"answer": 1})
    assert 0 < await redis.ttl(keys.answer("old")) <= keys.DAY
    assert "old data erased" in caplog.text


async def test_tidying_up_is_a_job(library: Library) -> None:
    log = library.store.path.with_name(library.store.path.name + "-wal")
    assert log.stat().st_size
    await tidy(library)
    assert not log.stat().st_size


async def test_a_source_that_is_gone_is_told_and_stays_as_it_was(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "handbook").rename(tmp_path / "elsewhere")
    with caplog.at_level(logging.WARNING):
        rounds = Rounds(library, 0.0001)
        while "source not read" not in caplog.text:
            await rounds.go()
            await asyncio.sleep(0.01)
        await rounds.stop()
    assert library.stats().documents == 3
