"""What admins do, from the command line; the chat commands of the same names will call the same code."""

from pathlib import Path

import click

from ops.terminal import WorkFailed, configured, working


@click.group()
def admin() -> None:
    """What admins do."""


@admin.command()
def status() -> None:
    """Show what is indexed."""
    from ops.knowledge import show_status

    with working():
        show_status(configured())


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
