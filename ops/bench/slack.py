"""Slack: how soon the first text is seen, and what an answer costs the adapter, against bolt as it comes."""

import asyncio
import json
import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp
import click

from ops.bench.fleet import Fleet
from ops.bench.member import Member
from ops.bench.slack_watch import TEAMS, Seen, Watched
from ops.embedded import embedded_valkey

ROLES: Final = ("web", "worker", "scheduler")
GOAL_SECONDS: Final = 0.3
WARM_UP: Final = 20
PAUSE: Final = 0.1  # between two questions of one person
AT_ONCE: Final = (1, 4)
ANSWERS_A_BLOCK: Final = 25
SETTLING: Final = 0.2  # seconds in which what follows an answer is done with

_ROOT: Final = Path(__file__).parents[2]


async def run_slack(questions: int = 200, blocks: int = 12) -> tuple[float, float]:
    """Prints and returns both: the first text's p95 against its goal, and our CPU against bare bolt's."""
    first = await run_first_text(questions)
    cpu = await run_cpu(blocks)
    click.echo(f"name=slack-first-text ratio={first:.2f}")
    click.echo(f"name=slack-cpu ratio={cpu:.2f}")
    return first, cpu


async def run_first_text(questions: int) -> float:
    """Asks whole processes with an instant model, one and then four at a time; the worse p95 against its goal."""
    folder = Path(tempfile.mkdtemp(prefix="hausgeist-slack-"))
    worst = 0.0
    async with Watched() as workplace, Fleet(folder, workplace, ROLES) as fleet:
        url = fleet.of("web")[0].url
        await _asked(workplace, fleet.http, url, WARM_UP, 1)
        for lanes in AT_ONCE:
            seen = await _asked(workplace, fleet.http, url, questions, lanes)
            first, words = sorted(it.first - it.asked for it in seen), sorted(it.words - it.asked for it in seen)
            click.echo(
                f"{lanes} at a time, {len(seen)} questions: first visible call p50 {_ms(first, 0.5)}, p95 "
                f"{_ms(first, 0.95)} ms; first words of the answer p50 {_ms(words, 0.5)}, p95 {_ms(words, 0.95)} ms"
            )
            worst = max(worst, _at(first, 0.95))
    return worst / GOAL_SECONDS


async def _asked(workplace: Watched, http: aiohttp.ClientSession, url: str, questions: int, lanes: int) -> list[Seen]:
    async def lane(number: int) -> list[Seen]:
        seen = []
        await asyncio.sleep(PAUSE * number / lanes)
        for _ in range(questions // lanes):
            seen.append(await workplace.ask(http, url))
            await asyncio.sleep(PAUSE)
        return seen

    return [it for seen in await asyncio.gather(*map(lane, range(lanes))) for it in seen]


async def run_cpu(blocks: int) -> float:
    """Three ways in turns, block by block, so that whatever else the machine does falls on all alike."""
    with tempfile.TemporaryDirectory(prefix="hg") as name:
        folder = Path(name)
        async with embedded_valkey(folder) as redis_url, Watched() as workplace, aiohttp.ClientSession() as http:
            known: dict[str, Any] = {"slack_url": workplace.slack_url, "redis_url": redis_url}
            async with way("ours", folder, known, http) as ours, way("adapter", folder, known, http) as adapter:
                warm = [await workplace.ask(http, way.url) for way in (adapter, ours) for _ in range(TEAMS + WARM_UP)]
                known["calls"] = usual(warm[-WARM_UP:])
                async with way("bare", folder, known, http) as bare:
                    ways = {"ours": ours, "adapter": adapter, "bare": bare}
                    for _ in range(WARM_UP):
                        await workplace.ask(http, bare.url)
                    spent = await _interleaved(workplace, http, ways, blocks)
    click.echo(f"the calls of an answer: {', '.join(method for method, _ in known['calls'])}")
    each = {way: seconds / blocks / ANSWERS_A_BLOCK * 1000 for way, seconds in spent.items()}
    click.echo("CPU of an answer: " + ", ".join(f"{way} {ms:.1f} ms" for way, ms in each.items()))
    click.echo(f"name=slack-adapter-cpu ratio={each['adapter'] / each['bare']:.2f}")
    return each["ours"] / each["bare"]


async def _interleaved(
    workplace: Watched, http: aiohttp.ClientSession, ways: Mapping[str, Member], blocks: int
) -> dict[str, float]:
    """The CPU seconds of each way; says where they did not make the same calls."""
    spent = dict.fromkeys(ways, 0.0)
    made: dict[str, Counter[str]] = {name: Counter() for name in ways}
    for _ in range(blocks):
        for name, way in ways.items():
            before = await _cpu(http, way)
            seen = [await workplace.ask(http, way.url) for _ in range(ANSWERS_A_BLOCK)]
            await asyncio.sleep(SETTLING)
            spent[name] += await _cpu(http, way) - before
            made[name].update(method for it in seen for method, _ in it.calls)
    for name, calls in made.items():
        told = (f"{method} {number / blocks / ANSWERS_A_BLOCK:.2f}" for method, number in sorted(calls.items()))
        click.echo(f"calls of {name}: {', '.join(told)}")
    return spent


def usual(seen: Iterable[Seen]) -> Sequence[tuple[str, Any]]:
    """The calls by which most were answered."""
    kinds: dict[tuple[str, ...], list[Seen]] = {}
    for it in seen:
        kinds.setdefault(tuple(method for method, _ in it.calls), []).append(it)
    return max(kinds.values(), key=len)[-1].template()


@asynccontextmanager
async def way(name: str, folder: Path, known: Mapping[str, Any], http: aiohttp.ClientSession) -> AsyncIterator[Member]:
    """A way as a process, ready."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url, file = f"http://127.0.0.1:{port}", folder / f"{name}.json"
    file.write_text(json.dumps(known))
    command = [sys.executable, "-m", "ops.bench.slack_ways", name, str(port), str(file)]
    environment = {"PATH": os.defpath, "HOME": str(folder), "PYTHONPATH": str(_ROOT)}
    member = Member(name, command, folder, environment, _answers(http, url), url)
    member.start()
    try:
        await member.ready()
        yield member
    finally:
        await member.end()


def _answers(http: aiohttp.ClientSession, url: str) -> Callable[[], Any]:
    async def answers() -> bool:
        try:
            async with http.get(f"{url}/cpu") as response:
                return response.status == 200
        except aiohttp.ClientError:
            return False

    return answers


async def _cpu(http: aiohttp.ClientSession, way: Member) -> float:
    async with http.get(f"{way.url}/cpu") as response:
        return float(await response.text())


def _at(times: Sequence[float], share: float) -> float:
    """The time that this share of sorted times stayed under."""
    return times[min(len(times) - 1, int(share * len(times)))]


def _ms(times: Sequence[float], share: float) -> str:
    return f"{_at(times, share) * 1000:.0f}"
