"""The command line: thin words over the parts. Exit status: 0 done, 1 the work failed, 2 wrong use or configuration."""

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click
import orjson

from ops import logs
from ops.settings import Settings, SettingsError, load


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
        _say(error, 1)
    except click.ClickException as error:
        _say(f"{error.format_message()} (see hausgeist --help)", 2)
    except SettingsError as error:
        _say(error, 2)


class WorkFailed(Exception):
    """The work failed; the text says what and what to do, in one line."""


def _say(error: object, status: int) -> None:
    click.echo(f"hausgeist: {error}", err=True)
    sys.exit(status)


@contextmanager
def _work() -> Iterator[None]:
    """Turns the errors of our parts into one line each."""
    from bot.errors import HausgeistError
    from ops.embedded import StartError
    from ops.models import ModelError
    from ops.serve import PortTaken
    from rag.errors import LibraryError

    try:
        yield
    except (HausgeistError, StartError, ModelError, PortTaken, LibraryError, OSError) as error:
        raise WorkFailed(" ".join(str(error).split())) from error


def _run(work: Coroutine[Any, Any, None]) -> None:
    with _work():
        asyncio.run(work)


def _settings(*, shown: int = logging.WARNING, **overrides: object) -> Settings:
    """The settings; log lines from the level `shown` up go to stderr."""
    settings = load(**overrides)
    logs.configure(shown)
    return settings


def _groups(_context: click.Context, _parameter: click.Parameter, value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",")) - {""}


def groups_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds `--groups a,b`; without it, public documents only."""
    return click.option("--groups", default="", callback=_groups, help="Groups, separated by commas.")(command)


@cli.command()
@click.option("--role", type=click.Choice(["all", "web", "worker", "scheduler"]), default="all", show_default=True)
def serve(role: str) -> None:
    """Run the service: chat platforms, API, console and jobs."""
    from ops.serve import serve as run

    if role != "all":
        raise click.UsageError(f"--role {role} is not built yet: one process plays all roles; leave --role out")
    _run(run(_settings(shown=logging.INFO)))


@cli.command()
@click.option("--once", is_flag=True, help="Ask the sample questions, print the score and stop.")
@click.option("--model", default=None, help="default, small, none, or a GGUF file.")
def demo(once: bool, model: str | None) -> None:
    """Start everything embedded, with a sample company, and ask its questions."""
    from ops.demo import run_demo

    overrides = {"model_name": model} if model else {}
    with _work():
        if not asyncio.run(run_demo(_settings(shown=logging.ERROR, **overrides), once=once)):
            sys.exit(1)


@cli.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--collection", default="default", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@groups_option
def ingest(paths: tuple[Path, ...], collection: str, as_json: bool, groups: frozenset[str]) -> None:
    """Index files and folders; what did not change is not read again."""
    from ops.knowledge import ingest_paths

    for path in paths:
        if not path.exists():
            raise click.UsageError(f"there is no file or folder {str(path)!r}")
    with _work():
        ingest_paths(_settings(), paths, collection, groups, as_json=as_json)


@cli.command()
@click.argument("query", required=False)
@click.option("--jsonl", type=click.File("rb"), help='Read {"_id","text"} lines, write {"_id","results"} lines.')
@click.option("--collection", default=None)
@click.option("-k", "count", type=click.IntRange(1, 1000), default=10, show_default=True)
@groups_option
def search(
    query: str | None, jsonl: IO[bytes] | None, collection: str | None, count: int, groups: frozenset[str]
) -> None:
    """Show the passages that fit a query, the best one of each document."""
    from ops.knowledge import Searching

    searching = Searching(_settings(), groups, collection, count)
    if query is not None and jsonl is None:
        _run(searching.show(query))
    elif jsonl is not None and query is None:
        _run(searching.lines(_records(jsonl)))
    else:
        raise click.UsageError("give either a QUERY or --jsonl FILE")


@cli.command()
@click.argument("question", required=False)
@click.option("--jsonl", type=click.File("rb"), help='Read {"_id","text"} lines, write {"_id","answer"} lines.')
@click.option("--user", default="local", show_default=True)
@groups_option
def ask(question: str | None, jsonl: IO[bytes] | None, user: str, groups: frozenset[str]) -> None:
    """Ask through the whole pipeline, without a chat platform; prints JSON lines."""
    from ops.ask import ask_all

    if (question is None) == (jsonl is None):
        raise click.UsageError("give either a QUESTION or --jsonl FILE")
    records = iter([{"_id": "1", "text": question}]) if jsonl is None else _records(jsonl)
    _run(ask_all(_settings(), records, user, groups))


@cli.command()
@click.option("--user", default="local", show_default=True)
@groups_option
def chat(user: str, groups: frozenset[str]) -> None:
    """Chat in the terminal."""
    from ops.ask import chat as run

    _run(run(_settings(), user, groups))


@cli.command()
@click.argument("file", type=click.File("rb"), default="-")
@click.option("--jsonl", is_flag=True, help='Read {"_id","text"} lines instead of one text.')
@click.option("--language", default=None, help="en, de or fr; otherwise it is found out.")
@click.option("--all", "everything", is_flag=True, help="Show everything detected, not only what the policy hides.")
@click.option("--restore", is_flag=True, help="Mask, restore, and show the result.")
def guard(file: IO[bytes], jsonl: bool, language: str | None, everything: bool, restore: bool) -> None:
    """Show what the guard finds and hides."""
    from ops.guard import guard_all

    records = _records(file) if jsonl else iter([{"_id": "1", "text": _text(file.read())}])
    _run(guard_all(_settings(), records, language, everything=everything, restored=restore))


@cli.group()
def models() -> None:
    """The model files of the embedded stack."""


@models.command("list")
def list_models() -> None:
    """Show the known models and which are here."""
    from ops.models import listing

    click.echo(listing(_settings().cache_dir / "models"))


@models.command()
@click.argument("name", default="default")
@click.option("--model", default=None, help="The same as NAME.")
def pull(name: str, model: str | None) -> None:
    """Fetch, resume and verify a model file."""
    from ops.models import pull as fetch

    with _work():
        click.echo(str(fetch(model or name, _settings().cache_dir / "models")))


@cli.command()
def doctor() -> None:
    """Say what is missing, and what to do about it."""
    from ops.doctor import diagnose

    findings = diagnose(_settings())
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


@cli.group()
def admin() -> None:
    """What admins do."""


@admin.command()
def status() -> None:
    """Show what is indexed."""
    from ops.knowledge import show_status

    with _work():
        show_status(_settings())


@admin.command()
def reindex() -> None:
    """Read all known sources again."""
    from ops.knowledge import resync_all

    with _work():
        resync_all(_settings())


@admin.command("delete-doc")
@click.argument("doc_id")
def delete_doc(doc_id: str) -> None:
    """Remove a document from the index."""
    from ops.knowledge import delete_document

    with _work():
        if not delete_document(_settings(), doc_id):
            raise WorkFailed(f"there is no document {doc_id!r}; `hausgeist search` shows ids")


@cli.command()
@click.argument("name", type=click.Choice(["footprint"]), default="footprint")
def bench(name: str) -> None:
    """Measure: `footprint` is the memory and cold start of the service without the model server."""
    from ops import bench as benches

    with _work():
        {"footprint": benches.footprint}[name]()


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise WorkFailed(f"the input is not UTF-8 (byte {error.start}); convert it first") from None


def _records(file: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file; each needs `_id` and `text`."""
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise WorkFailed(f"line {number} is not JSON: {error}") from None
        if not isinstance(record, dict) or not isinstance(record.get("text"), str) or "_id" not in record:
            raise WorkFailed(f'line {number} needs the fields "_id" and "text"')
        yield record
