"""`hausgeist manifest`: what a company pastes into its chat platform to make its app there."""

import json
from typing import Literal

import click

from ops.terminal import configured


@click.group()
def manifest() -> None:
    """What a company pastes into its chat platform to make its app."""


@manifest.command()
@click.option("--url", default="", help="https://HOST as Slack reaches it, for HTTP; without it: Socket Mode.")
@click.option("--view", type=click.Choice(["agent", "assistant"]), default="agent", show_default=True)
@click.option("--name", default="Hausgeist", show_default=True, help="The app's name.")
@click.option("--command", default=None, help="The slash command; otherwise HAUSGEIST_COMMAND.")
@click.option("--oauth", is_flag=True, help="For several workspaces, or a whole organisation.")
@click.option("--explain", is_flag=True, help="Print what the app may do and is told, and why, instead.")
def slack(
    url: str, view: Literal["agent", "assistant"], name: str, command: str | None, *, oauth: bool, explain: bool
) -> None:
    """Print the manifest for Slack, as JSON."""
    from adapters.slack_manifest import Wanted, explanation
    from adapters.slack_manifest import manifest as made

    if explain:
        click.echo(explanation(view))
        return
    try:
        wanted = made(Wanted(url, view, name, command or configured().command, oauth))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(json.dumps(wanted, indent=2, ensure_ascii=False))
