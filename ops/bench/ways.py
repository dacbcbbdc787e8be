"""Ways to answer, measured against each other: each a process of its own, asked in turns, block by block."""

import asyncio
import json
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

import aiohttp
import click

from ops.bench.member import Member

GOAL_SECONDS: Final = 0.3  # for the first that can be seen
PAUSE: Final = 0.1  # between two questions of one person
AT_ONCE: Final = (1, 4)
ANSWERS_A_BLOCK: Final = 25
SETTLING: Final = 0.2  # seconds in which what follows an answer is done with

_ROOT: Final = Path(__file__).parents[2]


class Seen(Protocol):
    """What became of one question; times by time.perf_counter."""

    asked: float
    first: float  # when anything could be seen,
    words: float  # and when words of the answer could
    calls: list[tuple[str, Any]]

    def template(self) -> list[tuple[str, Any]]:
        """The calls that answered it, with names in place of what is the question's own."""


Ask = Callable[[str], Awaitable[Seen]]  # asks the process at a URL


@dataclass(frozen=True, slots=True)
class Ways:
    """Starts ways in `folder`, each with `python -m MODULE NAME PORT KNOWN`; `environment` is what they find beside."""

    module: str
    folder: Path
    http: aiohttp.ClientSession
    environment: Mapping[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def way(self, name: str, known: Mapping[str, Any]) -> AsyncIterator[Member]:
        """A way as a process, ready."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        url, file = f"http://127.0.0.1:{port}", self.folder / f"{name}.json"
        file.write_text(json.dumps(known))
        command = [sys.executable, "-m", self.module, name, str(port), str(file)]
        usual = {"PATH": os.defpath, "HOME": str(self.folder), "PYTHONPATH": str(_ROOT)}
        member = Member(name, command, self.folder, {**usual, **self.environment}, _answers(self.http, url), url)
        member.start()
        try:
            await member.ready()
            yield member
        finally:
            await member.end()


async def interleaved(
    ask: Ask, http: aiohttp.ClientSession, ways: Mapping[str, Member], blocks: int
) -> dict[str, float]:
    """The CPU milliseconds of an answer by each way, so that whatever else the machine does falls on all alike.

    Says which calls each made.
    """
    spent = dict.fromkeys(ways, 0.0)
    made: dict[str, Counter[str]] = {name: Counter() for name in ways}
    for _ in range(blocks):
        for name, member in ways.items():
            before = await _cpu(http, member)
            seen = [await ask(member.url) for _ in range(ANSWERS_A_BLOCK)]
            await asyncio.sleep(SETTLING)
            spent[name] += await _cpu(http, member) - before
            made[name].update(method for it in seen for method, _ in it.calls)
    answers = blocks * ANSWERS_A_BLOCK
    for name, calls in made.items():
        told = ", ".join(f"{method} {number / answers:.2f}" for method, number in sorted(calls.items()))
        click.echo(f"calls of {name}: {told}")
    return {name: seconds / answers * 1000 for name, seconds in spent.items()}


async def first_text(ask: Ask, url: str, questions: int) -> float:
    """Asks one and then four at a time; the worse p95 of the first that is seen, against its goal."""
    worst = 0.0
    for lanes in AT_ONCE:
        seen = await _in_lanes(ask, url, questions, lanes)
        first, words = sorted(it.first - it.asked for it in seen), sorted(it.words - it.asked for it in seen)
        click.echo(
            f"{lanes} at a time, {len(seen)} questions: first visible call p50 {_ms(first, 0.5)}, p95 "
            f"{_ms(first, 0.95)} ms; first words of the answer p50 {_ms(words, 0.5)}, p95 {_ms(words, 0.95)} ms"
        )
        worst = max(worst, _at(first, 0.95))
    return worst / GOAL_SECONDS


def usual(seen: Iterable[Seen]) -> Sequence[tuple[str, Any]]:
    """The calls by which most were answered."""
    kinds: dict[tuple[str, ...], list[Seen]] = {}
    for it in seen:
        kinds.setdefault(tuple(method for method, _ in it.calls), []).append(it)
    return max(kinds.values(), key=len)[-1].template()


async def _in_lanes(ask: Ask, url: str, questions: int, lanes: int) -> list[Seen]:
    async def lane(number: int) -> list[Seen]:
        seen = []
        await asyncio.sleep(PAUSE * number / lanes)
        for _ in range(questions // lanes):
            seen.append(await ask(url))
            await asyncio.sleep(PAUSE)
        return seen

    return [it for seen in await asyncio.gather(*map(lane, range(lanes))) for it in seen]


def _answers(http: aiohttp.ClientSession, url: str) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        try:
            async with http.get(f"{url}/cpu") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    return answers


async def _cpu(http: aiohttp.ClientSession, member: Member) -> float:
    async with http.get(f"{member.url}/cpu") as response:
        return float(await response.text())


def _at(times: Sequence[float], share: float) -> float:
    """The time that this share of sorted times stayed under."""
    return times[min(len(times) - 1, int(share * len(times)))]


def _ms(times: Sequence[float], share: float) -> str:
    return f"{_at(times, share) * 1000:.0f}"
