"""The settings of channels, for the command line: the same rules as the chat commands."""

import click

from bot.asides import described
from bot.notices import PLACE_USAGE
from bot.places import Place, Places
from ops.build import state
from ops.settings import Settings
from ops.terminal import WorkFailed


async def enable(settings: Settings, place: str, words: str) -> None:
    """Changes a channel's settings, or shows them where nothing is said. Raises WorkFailed."""
    async with state(settings) as (redis, _):
        places = Places(redis)
        now = await places.of(place)
        wanted = now.changed(words) if words else now
        if wanted is None:
            raise WorkFailed(f"that is not clear; {PLACE_USAGE['en']}")
        if wanted != now:
            await places.put(place, wanted)
    click.echo(described(wanted, "en"))


async def disable(settings: Settings, place: str) -> None:
    """Takes a channel's settings back to the defaults."""
    async with state(settings) as (redis, _):
        await Places(redis).clear(place)
    click.echo(described(Place(), "en"))
