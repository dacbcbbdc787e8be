"""`hausgeist manifest`: what a company gives its chat platform to make its app there."""

import contextlib
import json
import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import click

from ops.settings import Settings
from ops.terminal import WorkFailed, configured

_TEAMS_ZIP: Final = "hausgeist-teams.zip"
_MAKER: Final = ("developer", "website", "privacy", "terms")


@click.group()
def manifest() -> None:
    """What a company gives its chat platform to make its app."""


@manifest.command()
@click.option("--url", default="", help="https://HOST as Slack reaches it, for HTTP; without it: Socket Mode.")
@click.option("--view", type=click.Choice(["agent", "assistant"]), default="agent", show_default=True)
@click.option("--name", default="Hausgeist", show_default=True, help="The app's name.")
@click.option("--command", default=None, help="The slash command; otherwise HAUSGEIST_COMMAND.")
@click.option("--oauth", is_flag=True, help="For several workspaces, or a whole organisation.")
@click.option("--groups", is_flag=True, help="Let it see who is in Slack's user groups and reads group messages.")
@click.option("--explain", is_flag=True, help="Print what the app may do and is told, and why, instead.")
def slack(
    url: str,
    view: Literal["agent", "assistant"],
    name: str,
    command: str | None,
    *,
    oauth: bool,
    groups: bool,
    explain: bool,
) -> None:
    """Print the manifest for Slack, as JSON."""
    from adapters.slack_manifest import Wanted, explanation
    from adapters.slack_manifest import manifest as made

    if explain:
        click.echo(explanation(view, groups=groups))
        return
    try:
        wanted = made(Wanted(url, view, name, command or configured().command, oauth, groups))
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(json.dumps(wanted, indent=2, ensure_ascii=False))


@manifest.command()
@click.option("--app-id", default="", help="The bot's app id; otherwise MICROSOFT_APP_ID.")
@click.option("--name", default="Hausgeist", show_default=True, help="The app's name.")
@click.option("--without-mention", is_flag=True, help="Let it read, where a team agrees, what is said without mention.")
@click.option("--app-version", default=None, help="Raise it with every change; otherwise Hausgeist's own.")
@click.option("--developer", default=None, help="Who is named as its maker, such as your IT department.")
@click.option("--website", default=None, help="A page of yours about it, https://…; Teams shows the link.")
@click.option("--privacy", default="", help="The same about privacy; otherwise --website.")
@click.option("--terms", default="", help="The same about its terms of use; otherwise --website.")
@click.option("--output", default=None, help=f"The file; - for stdout. On a terminal otherwise {_TEAMS_ZIP}.")
@click.option("--explain", is_flag=True, help="Print what the app asks for, and why, instead.")
def teams(app_id: str, output: str | None, *, explain: bool, without_mention: bool, **words: str | None) -> None:
    """Write the app package for Teams, a zip to upload there."""
    from adapters.teams_manifest import explanation

    if explain:
        click.echo(explanation(without_mention=without_mention))
        return
    content = _package(app_id or _app_id(), without_mention, words)
    to_stdout = output == "-" or (output is None and not sys.stdout.isatty())
    if to_stdout and sys.stdout.isatty():
        raise click.UsageError(f"the package is binary and this is a terminal: give --output {_TEAMS_ZIP}")
    if to_stdout:
        sys.stdout.buffer.write(content)
    else:
        _write(Path(output or _TEAMS_ZIP).resolve(), content)
        click.echo(f"{output or _TEAMS_ZIP}: upload it in Teams, Apps, Manage your apps; docs/teams.md says more")
    if not words["website"]:
        click.echo("hausgeist: its links lead to example.com; name a page of yours with --website https://…", err=True)


def _package(app_id: str, without_mention: bool, words: dict[str, str | None]) -> bytes:
    from adapters.teams_manifest import Maker, Wanted, package

    if not app_id:
        raise click.UsageError("the bot's app id is missing: give --app-id, or set MICROSOFT_APP_ID")
    told = {name: word for name, word in words.items() if word is not None}
    maker = {"name" if name == "developer" else name: told.pop(name) for name in _MAKER if name in told}
    number = told.get("app_version") or ".".join(version("hausgeist").split(".")[:3])
    try:
        return package(Wanted(app_id.strip(), told["name"], without_mention, number, Maker(**maker)))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def _app_id() -> str:
    """The app id that is set; whether we could sign in with it is of no account here."""
    try:
        return Settings().microsoft_app_id  # type: ignore[call-arg]  # it reads them itself
    except (OSError, ValueError):
        return configured().microsoft_app_id  # which tells what is wrong with the settings


def _write(target: Path, content: bytes) -> None:
    """Writes a file in one step, so that what stood there before stays whole until then."""
    draft = target.parent / f".hausgeist-{os.getpid()}"
    try:
        if target.exists() and not target.is_file():  # a pipe or a device is written to, not replaced
            target.write_bytes(content)
            return
        draft.write_bytes(content)
        draft.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise WorkFailed(f"{target} cannot be written: {error.strerror}") from error
