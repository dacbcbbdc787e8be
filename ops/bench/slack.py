"""Slack: how soon the first text is seen, and what an answer costs the adapter, against bolt as it comes."""

import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import click

from ops.bench.fleet import Fleet
from ops.bench.slack_watch import TEAMS, Watched
from ops.bench.ways import Ways, first_text, interleaved, usual
from ops.embedded import embedded_valkey

ROLES: Final = ("web", "worker", "scheduler")
WARM_UP: Final = 20
WAYS: Final = "ops.bench.slack_ways"


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
    async with Watched() as workplace, Fleet(folder, workplace, ROLES) as fleet:
        ask, url = partial(workplace.ask, fleet.http), fleet.of("web")[0].url
        for _ in range(WARM_UP):
            await ask(url)
        return await first_text(ask, url, questions)


async def run_cpu(blocks: int) -> float:
    """Three ways in turns, block by block, so that whatever else the machine does falls on all alike."""
    with tempfile.TemporaryDirectory(prefix="hg") as name:
        folder = Path(name)
        async with embedded_valkey(folder) as redis_url, Watched() as workplace, aiohttp.ClientSession() as http:
            ask = partial(workplace.ask, http)
            known: dict[str, Any] = {"slack_url": workplace.slack_url, "redis_url": redis_url}
            ways = Ways(WAYS, folder, http)
            async with ways.way("ours", known) as ours, ways.way("adapter", known) as adapter:
                warm = [await ask(member.url) for member in (adapter, ours) for _ in range(TEAMS + WARM_UP)]
                known["calls"] = usual(warm[-WARM_UP:])
                async with ways.way("bare", known) as bare:
                    for _ in range(WARM_UP):
                        await ask(bare.url)
                    members = {"ours": ours, "adapter": adapter, "bare": bare}
                    each = await interleaved(ask, http, members, blocks)
    click.echo(f"the calls of an answer: {', '.join(method for method, _ in known['calls'])}")
    click.echo("CPU of an answer: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in each.items()))
    click.echo(f"name=slack-adapter-cpu ratio={each['adapter'] / each['bare']:.2f}")
    return each["ours"] / each["bare"]
