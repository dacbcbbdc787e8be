"""Teams: how soon the first text is seen, and what an answer costs the adapter, against the SDK's own bot.

Tokens are checked in all ways; the login hosts are played over TLS, the connector over plain HTTP.
"""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import aiohttp
import click

from ops.bench.fleet import Fleet
from ops.bench.member import Member
from ops.bench.teams_microsoft import Microsoft, settings
from ops.bench.teams_watch import TENANTS, Kind, Watched
from ops.bench.ways import Ask, Ways, first_text, interleaved, usual
from ops.embedded import embedded_valkey

ROLES: Final = ("web", "worker", "scheduler")
KINDS: Final[tuple[Kind, ...]] = ("personal", "channel")
SDK: Final = ("bare", "cached", "kept")
WARM_UP: Final = 20
WAYS: Final = "ops.bench.teams_ways"


async def run_teams(questions: int = 200, blocks: int = 12) -> tuple[float, float]:
    """Prints and returns both: the first text's p95 against its goal, and our CPU against the SDK's bot's."""
    first = await run_first_text(questions)
    cpu = await run_cpu(blocks)
    click.echo(f"name=teams-first-text ratio={first:.2f}")
    click.echo(f"name=teams-cpu ratio={cpu:.2f}")
    return first, cpu


async def run_first_text(questions: int) -> float:
    """Asks whole processes with an instant model, in both kinds of conversation; the worst p95 against its goal."""
    folder, worst = Path(tempfile.mkdtemp(prefix="hausgeist-teams-")), 0.0
    async with played(folder) as (microsoft, workplace):
        meeting = {**microsoft.environment, **settings(workplace.teams_url)}
        async with Fleet(folder, workplace, ROLES, meeting) as fleet:
            url = fleet.of("web")[0].url
            for kind in KINDS:
                ask = partial(workplace.ask, kind, fleet.http)
                for _ in range(WARM_UP):
                    await ask(url)
                click.echo(f"{kind}:")
                worst = max(worst, await first_text(ask, url, questions))
    return worst


async def run_cpu(blocks: int) -> float:
    """All ways in turns, block by block, so that whatever else the machine does falls on all alike; the worse ratio."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hg")))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        microsoft, workplace = await stack.enter_async_context(played(folder))
        redis_url = await stack.enter_async_context(embedded_valkey(folder))
        ways = Ways(WAYS, folder, http, microsoft.environment)
        asks: dict[Kind, Ask] = {kind: partial(workplace.ask, kind, http) for kind in KINDS}
        members = await _warm(stack, ways, asks, {"teams_url": workplace.teams_url, "redis_url": redis_url})
        each = {kind: await interleaved(ask, http, members, blocks) for kind, ask in asks.items()}
    for kind, spent in each.items():
        click.echo(f"CPU of an answer, {kind}: " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in spent.items()))
    click.echo(f"name=teams-adapter-cpu ratio={_worst(each, 'adapter'):.2f}")
    return _worst(each, "ours")


async def _warm(
    stack: AsyncExitStack, ways: Ways, asks: Mapping[Kind, Ask], known: Mapping[str, Any]
) -> dict[str, Member]:
    """Starts all ways and has them answer a while; the SDK's bots make the calls that ours made."""
    members = {name: await stack.enter_async_context(ways.way(name, known)) for name in ("ours", "adapter")}
    calls = {}
    for kind, ask in asks.items():
        warm = [await ask(members[name].url) for name in ("adapter", "ours") for _ in range(TENANTS + WARM_UP)]
        calls[kind] = usual(warm[-WARM_UP:])
        click.echo(f"the calls of an answer, {kind}: {', '.join(method for method, _ in calls[kind])}")
    for name in SDK:
        members[name] = await stack.enter_async_context(ways.way(name, {"calls": calls}))
        for ask in asks.values():
            for _ in range(WARM_UP):
                await ask(members[name].url)
    return members


def _worst(each: Mapping[Kind, Mapping[str, float]], name: str) -> float:
    """Against the cheaper of the SDK's bots."""
    return max(spent[name] / min(spent[other] for other in SDK) for spent in each.values())


@asynccontextmanager
async def played(folder: Path) -> AsyncIterator[tuple[Microsoft, Watched]]:
    """Microsoft's login hosts, and a Teams whose calls carry their tokens."""
    async with Microsoft(folder) as microsoft, Watched() as workplace:
        workplace.token = microsoft.token(workplace.teams_url)
        yield microsoft, workplace
