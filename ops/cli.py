"""The command line: thin words over the parts. Exit status: 0 done, 1 the work failed, 2 wrong use or configuration."""

import asyncio
import logging
import sys
from pathlib import Path
from typing import IO, Literal

import click

from ops.bench.commands import bench
from ops.cli_admin import admin
from ops.cli_manifest import manifest
from ops.settings import SettingsError, load
from ops.terminal import WorkFailed, configured, groups_option, jsonl_records, run_async, say, utf8, working


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="hausgeist")
def cli() -> None:
    """The company assistant that lives in the house."""


def main() -> None:
    """Runs a command; errors are one line on stderr, without a traceback."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except WorkFailed as error:
        say(error, 1)
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "hausgeist"
        say(f"{error.format_message()} (see {command} --help)", 2)
    except click.ClickException as error:
        say(error.format_message(), 2)
    except BrokenPipeError:
        sys.stderr.close()  # `| head` has seen enough
        sys.exit(0)
    except SettingsError as error:
        say(error, 2)


@cli.command()
@click.option("--role", type=click.Choice(["all", "web", "worker", "scheduler"]), default="all", show_default=True)
def serve(role: Literal["all", "web", "worker", "scheduler"]) -> None:
    """Run the service: chat platforms, API, console and jobs; or a part of it, any number of each on one Redis."""
    from ops.serve import serve as run

    run_async(run(configured(shown=logging.INFO), role))


@cli.command()
@click.option("--once", is_flag=True, help="Ask the sample questions, print the score and stop.")
@click.option("--model", default=None, help="default, small, none, or a GGUF file.")
def demo(once: bool, model: str | None) -> None:
    """Start everything with a sample company and ask its questions."""
    from ops.demo import run_demo

    overrides = {"model_name": model} if model else {}
    with working():
        if not asyncio.run(run_demo(configured(shown=logging.ERROR, **overrides), once=once)):
            sys.exit(1)


@cli.command()
@click.argument("addresses", metavar="PATH...", nargs=-1, required=True)
@click.option("--collection", default="default", show_default=True, help="The set of documents they belong to.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="How often they are read again.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@groups_option("Groups that may read what does not say otherwise, separated by commas; none: everybody.")
def ingest(
    addresses: tuple[str, ...], collection: str, minutes: float | None, as_json: bool, groups: frozenset[str]
) -> None:
    """Index files, folders and what lies elsewhere; lists what it cannot read.

    A PATH is a file or folder, a zip exported from Confluence, SharePoint or Drive, git+URL[#branch[:folder]],
    https://site/ or s3://bucket/prefix.
    """
    from ops.knowledge import ingest as run
    from rag.sources import from_addresses, located, why_not

    where = [located(address) for address in addresses]
    for address, path in zip(addresses, where, strict=True):
        if wrong := why_not(address):
            raise click.UsageError(wrong)
        if isinstance(path, Path) and not path.exists():
            raise click.UsageError(f"there is no file or folder {str(path)!r}")
    with working():
        run(configured(), from_addresses(where, collection, groups, minutes), as_json=as_json)


@cli.command()
@click.argument("query", required=False)
@click.option("--jsonl", type=click.File("rb"), help='Read {"_id","text"} lines, write {"_id","results"} lines.')
@click.option("--collection", default=None, help="Search this collection only.")
@click.option("-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True, help="Documents to show.")
@groups_option()
def search(
    query: str | None, jsonl: IO[bytes] | None, collection: str | None, count: int, groups: frozenset[str]
) -> None:
    """Show the passages that fit a query, the best one of each document."""
    from ops.knowledge import Searching

    searching = Searching(configured(), groups, collection, count)
    if query is not None and jsonl is None:
        run_async(searching.show(query))
    elif jsonl is not None and query is None:
        run_async(searching.lines(jsonl_records(jsonl)))
    else:
        raise click.UsageError("give either a QUERY or --jsonl FILE")


@cli.command()
@click.argument("question", required=False)
@click.option("--jsonl", type=click.File("rb"), help='Read {"_id","text"} lines, write {"_id","answer"} lines.')
@click.option("--user", default="local", show_default=True)
@groups_option()
def ask(question: str | None, jsonl: IO[bytes] | None, user: str, groups: frozenset[str]) -> None:
    """Ask without a chat platform; prints JSON lines."""
    from ops.ask import ask_all

    if (question is None) == (jsonl is None):
        raise click.UsageError("give either a QUESTION or --jsonl FILE")
    records = iter([{"_id": "1", "text": question}]) if jsonl is None else jsonl_records(jsonl)
    run_async(ask_all(configured(), records, user, groups))


@cli.command()
@click.option("--user", default="local", show_default=True)
@groups_option()
def chat(user: str, groups: frozenset[str]) -> None:
    """Chat in the terminal."""
    from ops.ask import chat as run

    run_async(run(configured(), user, groups))


@cli.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--jsonl", is_flag=True, help='Read {"_id","text"} lines instead of one text.')
@click.option("--language", expose_value=False, help="Taken and not needed: all languages are read at once.")
@click.option("--all", "everything", is_flag=True, help="Show everything detected, not only what the policy hides.")
@click.option("--restore", is_flag=True, help="Mask, restore, and show the result.")
@click.option("--policy", is_flag=True, help="Show what is hidden where instead; reads nothing.")
def guard(file: IO[bytes], jsonl: bool, everything: bool, restore: bool, policy: bool) -> None:
    """Show what the guard finds and hides."""
    if policy:
        from ops.guard_policy import told

        click.echo("\n".join(told(configured(), jsonl=jsonl)))
        return
    from ops.guard import guard_all

    records = jsonl_records(file) if jsonl else iter([{"_id": "1", "text": utf8(file.read())}])
    run_async(guard_all(configured(), records, everything=everything, restored=restore))


@cli.group()
def models() -> None:
    """The model files of the embedded stack."""


@models.command("list")
def list_models() -> None:
    """Show the known models and which are here."""
    from ops.models import listing

    click.echo(listing(configured().cache_dir / "models"))


@models.command()
@click.argument("name", default="default")
@click.option("--model", default=None, help="The same as NAME.")
def pull(name: str, model: str | None) -> None:
    """Fetch, resume and verify a model file."""
    from ops.models import pull as fetch

    with working():
        click.echo(str(fetch(model or name, configured().cache_dir / "models")))


@cli.command()
def doctor() -> None:
    """Say what is missing, and what to do about it."""
    from ops.doctor import Finding, diagnose

    try:
        findings = diagnose(configured())
    except SettingsError as error:
        findings = [Finding("Settings", False, str(error), "correct it, then ask again")]
    for finding in findings:
        mark = click.style("ok  ", fg="green") if finding.ok else click.style("miss", fg="red")
        remedy = f"\n       → {finding.remedy}" if finding.remedy and not finding.ok else ""
        click.echo(f"{mark} {finding.part}: {finding.detail}{remedy}")
    if not all(finding.ok for finding in findings):
        sys.exit(1)


@cli.group()
def config() -> None:
    """The settings."""


@config.command()
def check() -> None:
    """Check the settings; a wrong one is named with its value and an example."""
    load()
    click.echo("The settings are sound.")


@config.command()
def show() -> None:
    """Show the settings in force, secrets hidden."""
    from ops.settings import table

    click.echo(table(load()))


cli.add_command(admin)
cli.add_command(bench)
cli.add_command(manifest)
