"""`hausgeist bench NAME`: measures, each ending in lines `name=… ratio=…`."""

import asyncio
import sys
from pathlib import Path

import click

from ops.terminal import configured, working


@click.group(invoke_without_command=True)
@click.pass_context
def bench(context: click.Context) -> None:
    """Measure; without a name, the memory and cold start of the service."""
    if context.invoked_subcommand is None:
        context.invoke(footprint)


@bench.command()
def footprint() -> None:
    """Memory and cold start of the service without the model server."""
    from ops.bench.cold_start import footprint as measure

    with working():
        measure()


@bench.command()
@click.option("--kills", default=500, show_default=True, type=click.IntRange(0))
@click.option("--questions", default=2000, show_default=True, type=click.IntRange(1))
@click.option("--pause", default=2.5, show_default=True, help="Seconds between two kills, on average.")
@click.option("--seed", default=None, type=int, help="The same kills in the same order.")
def crash(kills: int, questions: int, pause: float, seed: int | None) -> None:
    """Kill what runs while questions flow: none lost, answered twice, out of order or met with silence."""
    from ops.bench.crash import run_crash

    with working():
        if not asyncio.run(run_crash(kills, questions, pause, seed)).sound:
            sys.exit(1)


@bench.command()
@click.option("--seconds", default=60.0, show_default=True, help="How long each outage lasts.")
def outages(seconds: float) -> None:
    """Take one part away for a while: what people see, and whether all recovers alone."""
    from ops.bench.outages import run_outages

    with working():
        if not all(outcome.recovered for outcome in asyncio.run(run_outages(seconds))):
            sys.exit(1)


@bench.command()
def state() -> None:
    """Client CPU and round trips of loading and saving a turn's state, against seven separate awaits."""
    from ops.bench.state import run_state

    with working():
        ratio, trips = asyncio.run(run_state())
    if ratio > 0.5 or trips["recall"] + trips["remember"] > 2:
        sys.exit(1)


@bench.command()
@click.option("--events", "count", default=30_000, show_default=True, type=click.IntRange(1))
def events(count: int) -> None:
    """Slack's ceiling of an hour, compressed: acknowledgement, and events per CPU second with one replica and two."""
    from ops.bench.events import run_events

    with working():
        tallies = asyncio.run(run_events(count)).values()
    if any(tally.answered != tally.asked or tally.twice for tally in tallies):
        sys.exit(1)


@bench.command()
@click.option("--seconds", default=30.0, show_default=True, help="How long each load lasts.")
def overload(seconds: float) -> None:
    """Four times the questions that the model can answer: the answers go on, the others are told."""
    from ops.bench.overload import run_overload

    with working():
        peak, over = asyncio.run(run_overload(seconds))
    if over.silent or over.rate < 0.9 * peak.rate:
        sys.exit(1)


@bench.command()
@click.option("--questions", default=200, show_default=True, type=click.IntRange(20), help="For the first text.")
@click.option("--blocks", default=20, show_default=True, type=click.IntRange(1), help="Of 25 answers, for the CPU.")
def slack(questions: int, blocks: int) -> None:
    """Slack: event in to first text, and the CPU of an answer against bare bolt with the same calls."""
    from ops.bench.slack import run_slack

    with working():
        first, cpu = asyncio.run(run_slack(questions, blocks))
    if first > 1 or cpu > 1.5:
        sys.exit(1)


@bench.command()
@click.option("--questions", default=200, show_default=True, type=click.IntRange(20), help="For the first text.")
@click.option("--blocks", default=12, show_default=True, type=click.IntRange(1), help="Of 25 answers, for the CPU.")
def teams(questions: int, blocks: int) -> None:
    """Teams: activity in to first text, and the CPU of an answer against the SDK's own bot with the same posts."""
    from ops.bench.teams import run_teams

    with working():
        first, cpu = asyncio.run(run_teams(questions, blocks))
    if first > 1 or cpu > 1.5:
        sys.exit(1)


@bench.command()
@click.argument("parts", nargs=-1, type=click.Choice(["recall", "alarms", "cost", "restore", "attacks", "kills"]))
@click.option("--data", envvar="HAUSGEIST_DATA", type=click.Path(path_type=Path), help="Folder of the public sets.")
def guard(parts: tuple[str, ...], data: Path | None) -> None:
    """The guard: recall, false alarms, CPU against stock Presidio, restoring, attacks, kill -9 of its processes."""
    from ops.bench.guard import run

    with working():
        if not all(figure.holds for figure in run(parts, data)):
            sys.exit(1)


@bench.command()
@click.argument("parts", nargs=-1)
@click.option(
    "--data",
    envvar="HAUSGEIST_DATA",
    type=click.Path(path_type=Path),
    default=Path("../shared/data"),
    help="Folder of the public sets.",
)
@click.option("--cache", type=click.Path(path_type=Path), help="Folder of the vectors kept between runs.")
@click.option("--rows", type=click.IntRange(1), help="So many rows of each set at most.")
def knowledge(parts: tuple[str, ...], data: Path, cache: Path | None, rows: int | None) -> None:
    """Knowledge: parsing, finding, answering, change and deletion, permissions, intake; or the PARTS named."""
    from ops.bench.knowledge import PARTS, Options, run

    if unknown := set(parts) - set(PARTS):
        raise click.UsageError(f"there is no part {min(unknown)!r}; there are: {', '.join(PARTS)}")
    folder = cache or configured().cache_dir / "bench"
    with working():
        if not all(figure.holds for figure in run(parts, Options(data, folder, rows))):
            sys.exit(1)
