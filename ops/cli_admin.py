"""What admins do, from the command line; the chat commands of the same names will call the same code."""

import asyncio
from pathlib import Path

import click

from ops.terminal import WorkFailed, configured, run_async, working


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
@click.argument("ids", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Everything that is parked.")
def replay(ids: tuple[str, ...], everything: bool) -> None:
    """Have parked questions answered after all."""
    from ops.waiting import replay as run

    if not ids and not everything:
        raise click.UsageError("name the ids that `hausgeist admin parked` lists, or --all")
    with working():
        missing = asyncio.run(run(configured(), ids, everything=everything))
    if missing:
        raise WorkFailed(f"not parked: {', '.join(missing)}; `hausgeist admin parked` lists what is")


@admin.command()
def reindex() -> None:
    """Read all known sources again."""
    from ops.knowledge import resync_all

    with working():
        resync_all(configured())


@admin.command("delete-doc")
@click.argument("doc_id")
def delete_doc(doc_id: str) -> None:
    """Remove a document from the index; it returns with the next sync if its file is still there."""
    from ops.knowledge import delete_document

    with working():
        if not delete_document(configured(), doc_id):
            raise WorkFailed(f"there is no document {doc_id!r}; `hausgeist search` shows ids")
    click.echo(f"{doc_id} is removed.")


@admin.command()
@click.argument("path", type=click.Path(path_type=Path))
def forget(path: Path) -> None:
    """Forget a source: the file or folder at PATH, with all its documents."""
    from ops.knowledge import forget_source

    with working():
        if not (removed := forget_source(configured(), path)):
            raise WorkFailed(f"no source {str(path)!r} is known; `hausgeist admin status` shows them")
    click.echo(f"{path} is forgotten, {removed} documents removed.")
