"""What waits in the inbox and what was put aside, for admins: no text is shown."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import click

from bot.inbox import Inbox
from ops.build import state
from ops.settings import Settings


async def show_line(settings: Settings) -> None:
    """Prints how much waits and runs."""
    async with state(settings) as (redis, seal):
        line = await Inbox(redis, seal).line()
    click.echo(
        f"{line.messages} questions open: {line.ready} conversations wait, {line.running} are being answered, "
        f"{line.later} are put off; {line.parked} turns are parked"
    )


async def show_parked(settings: Settings) -> None:
    """Prints the turns that failed too often, the oldest first."""
    async with state(settings) as (redis, seal):
        parked = await Inbox(redis, seal).parked()
    for one in parked:
        when = datetime.fromtimestamp(one.at, UTC).isoformat(" ", "seconds")
        facts = ", ".join(f"{name} {value}" for name, value in one.facts.items())
        click.echo(f"{one.id}  {when}  {one.conversation}  {facts}")
    if not parked:
        click.echo("Nothing is parked.")


async def replay(settings: Settings, identifiers: tuple[str, ...]) -> list[str]:
    """Puts parked turns in line again, all where none is named; returns the ids that are not there."""
    return await _each(settings, identifiers, Inbox.replay, "In line again")


async def drop(settings: Settings, identifiers: tuple[str, ...]) -> list[str]:
    """Deletes parked turns, all where none is named; returns the ids that are not there."""
    return await _each(settings, identifiers, Inbox.drop, "Deleted")


async def _each(
    settings: Settings, identifiers: tuple[str, ...], work: Callable[[Inbox, str], Awaitable[bool]], done: str
) -> list[str]:
    async with state(settings) as (redis, seal):
        inbox = Inbox(redis, seal)
        wanted = dict.fromkeys(identifiers or [one.id for one in await inbox.parked()])
        missing = [one for one in wanted if not await work(inbox, one)]
    if not identifiers or len(missing) < len(wanted):
        click.echo(f"{done}: {len(wanted) - len(missing)}")
    return missing
