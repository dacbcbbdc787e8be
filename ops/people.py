"""What admins do about people and their rights, for the command line."""

import click

from bot.known import Renewals
from ops.build import state
from ops.settings import Settings


async def forget_rights(settings: Settings) -> None:
    """Has all processes ask anew who is in which group, and who reads a channel."""
    async with state(settings) as (redis, _):
        await Renewals(redis).renew()
    click.echo("From the next question on, every process asks anew who is in which group, and who reads a channel.")
