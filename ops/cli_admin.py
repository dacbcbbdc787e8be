"""What admins do, from the command line; the chat commands of the same names will call the same code."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Any

import click

from ops.terminal import WorkFailed, configured, run_async, working


def _parked_ids(command: Callable[[tuple[str, ...]], None]) -> Callable[..., None]:
    """Gives the command the parked turns that are named, or none for `--all`; there must be one or the other."""

    @click.argument("ids", nargs=-1)
    @click.option("--all", "everything", is_flag=True, help="Everything that is parked.")
    @wraps(command)
    def checked(ids: tuple[str, ...], *, everything: bool) -> None:
        if bool(ids) == everything:
            raise click.UsageError("name the ids that `hausgeist admin parked` lists, or --all")
        command(ids)

    return checked


@click.group()
def admin() -> None:
    """What admins do."""


@admin.command()
def status() -> None:
    """Show what is indexed, and what waits to be answered."""
    from ops.knowledge import show_status
    from ops.waiting import show_line

    settings = configured()
    with working():
        show_status(settings)
    run_async(show_line(settings))


@admin.command()
def parked() -> None:
    """List the questions that failed too often: when, where, why; never their text."""
    from ops.waiting import show_parked

    run_async(show_parked(configured()))


@admin.command()
@_parked_ids
def replay(ids: tuple[str, ...]) -> None:
    """Have parked questions answered after all."""
    from ops.waiting import replay as run

    _found(run(configured(), ids))


@admin.command()
@_parked_ids
def drop(ids: tuple[str, ...]) -> None:
    """Delete parked questions; who asked them is not told."""
    from ops.waiting import drop as run

    _found(run(configured(), ids))


@admin.command()
@click.option("--fresh", is_flag=True, help="Build the index anew beside the one that answers, check it, then swap.")
def reindex(*, fresh: bool) -> None:
    """Read all known sources again."""
    from ops.knowledge import renew_all, resync_all

    with working():
        (renew_all if fresh else resync_all)(configured())


@admin.command()
def generations() -> None:
    """List the generations of the index, and which one answers."""
    from ops.knowledge import show_generations

    with working():
        show_generations(configured())


@admin.command()
@click.argument("generation", type=int, required=False)
def rollback(generation: int | None) -> None:
    """Let the generation of the index before answer again, or a given one; what has changed since stays out."""
    from ops.knowledge import roll_back

    with working():
        click.echo(f"generation {roll_back(configured(), generation)} answers; `hausgeist admin reindex` completes it.")


@admin.command()
@click.option("--days", default=7.0, show_default=True, help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON; write no page.")
@click.option("--mail", is_flag=True, help="Send owners their parts, as the weekly job does.")
def gaps(days: float, as_json: bool, mail: bool) -> None:
    """Report what was asked and not answered well, by topic, and which documents are old."""
    from ops.gaps_job import show_gaps

    run_async(show_gaps(configured(), days, as_json=as_json, mail=mail))


@admin.command()
@click.argument("channel")
@click.argument("words", nargs=-1)
def enable(channel: str, words: tuple[str, ...]) -> None:
    """Enable more than answers to mentions in a CHANNEL (such as slack:T1:C1); without WORDS show what holds there."""
    from ops.channels import enable as run

    run_async(run(configured(), channel, " ".join(words)))


@admin.command()
@click.argument("channel")
def disable(channel: str) -> None:
    """Answer mentions only in a CHANNEL, from all documents, in our own manner."""
    from ops.channels import disable as run

    run_async(run(configured(), channel))


@admin.command("forget-rights")
def forget_rights() -> None:
    """Ask Slack and Entra anew who is in which group and who reads a channel, in all processes, at once."""
    from ops.people import forget_rights as run

    run_async(run(configured()))


@admin.command("delete-doc")
@click.argument("doc_id")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def delete_doc(doc_id: str, *, as_json: bool) -> None:
    """Erase a document at once and for good, even if its source still holds it, and all answers made from it."""
    from ops.people import delete_document

    run_async(delete_document(configured(), doc_id, as_json=as_json))


@admin.command("erase-person")
@click.argument("person")
@click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
def erase_person(person: str, *, as_json: bool) -> None:
    """Erase what is kept of a PERSON (such as slack:T1:U1): questions, answers, verdicts."""
    from ops.people import erase_person as run

    run_async(run(configured(), person, as_json=as_json))


@admin.command("export-person")
@click.argument("person")
@click.option("--output", type=click.Path(path_type=Path), help="A file, which only you may read; else stdout.")
def export_person(person: str, output: Path | None) -> None:
    """Print what is kept of a PERSON (such as slack:T1:U1), in clear, as JSON."""
    from ops.people import export_person as run

    run_async(run(configured(), person, output))


@admin.command("restore-doc")
@click.argument("doc_id")
def restore_doc(doc_id: str) -> None:
    """Let a deleted document come back when its source is read next."""
    from ops.knowledge import restore_document

    with working():
        if not restore_document(configured(), doc_id):
            raise WorkFailed(f"{doc_id!r} was not deleted")
    click.echo(f"{doc_id} comes back when its source is read next: `hausgeist admin reindex` does it now.")


@admin.command()
@click.argument("address", metavar="PATH")
def forget(address: str) -> None:
    """Forget a source: the file, folder or address at PATH, with all its documents."""
    from ops.knowledge import forget_source
    from rag.sources import located

    with working():
        removed = forget_source(configured(), located(address))
    click.echo(f"{address} is forgotten, {removed} documents removed.")


@admin.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each.")
def sources(as_json: bool) -> None:
    """Show each source: how fresh it is, how much of it can be found, why it could not be read."""
    from ops.sources import show_sources

    with working():
        show_sources(configured(), as_json=as_json)


@admin.command()
@click.option("--source", default="", metavar="PATH", help="Of this source alone: its address or number.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object for each.")
def failures(source: str, as_json: bool) -> None:
    """List what could not be read, and why."""
    from ops.sources import show_failures

    with working():
        show_failures(configured(), source, as_json=as_json)


@admin.group()
def curate() -> None:
    """Approved answers: shown as they stand to whoever asks the very question."""


@curate.command("add")
@click.argument("question")
@click.argument("answer")
@click.option("--owner", required=True, help="Who approves it, and is told when it expires.")
@click.option("--also", multiple=True, metavar="QUESTION", help="Another wording of the question; may be repeated.")
@click.option("--groups", default="", help="Who may see it: names with commas; everybody by default.")
@click.option("--days", default=180, show_default=True, type=click.IntRange(1), help="How long it is shown.")
def curate_add(question: str, answer: str, owner: str, also: tuple[str, ...], groups: str, days: int) -> None:
    """Write down the approved ANSWER to a QUESTION."""
    from ops.curate import Wording, add
    from rag.curated import is_distinct

    named = frozenset(name.strip() for name in groups.split(",") if name.strip())
    if not all(text.strip() for text in (question, answer, owner, *also)):
        raise click.UsageError("question, answer and owner must not be empty")
    if vague := next((text for text in (question, *also) if not is_distinct(text)), None):
        raise click.UsageError(f"{vague!r} says not what it is about, so nobody would be shown the answer")
    with working():
        number = add(configured(), Wording((question, *also), answer, owner, named, days))
    click.echo(f"Approved answer {number} is shown from now on.")


@curate.command("list")
def curate_list() -> None:
    """List approved answers; what has expired is shown to nobody who asks."""
    from ops.curate import listed

    with working():
        click.echo("\n".join(listed(configured())) or "No answer is approved yet.")


@curate.command("remove")
@click.argument("number", type=int)
def curate_remove(number: int) -> None:
    """Drop the approved answer with this NUMBER."""
    from ops.curate import remove

    with working():
        if not remove(configured(), number):
            raise WorkFailed(f"there is no approved answer {number}; `hausgeist admin curate list` shows them")
    click.echo(f"Approved answer {number} is dropped.")


def _found(work: Coroutine[Any, Any, list[str]]) -> None:
    """Does the work; the ids that it did not find are an error."""
    with working():
        missing = asyncio.run(work)
    if missing:
        raise WorkFailed(f"not parked: {', '.join(missing)}; `hausgeist admin parked` lists what is")
