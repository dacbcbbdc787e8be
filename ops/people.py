"""What admins do about people, their rights, and what must be gone, for the command line and by the clock."""

import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import click
import orjson

from bot.erasure import Eraser
from bot.errands import Errands
from bot.errors import HausgeistError
from bot.inbox import Inbox
from bot.known import Renewals
from bot.memory import Memory
from bot.people import Directory
from bot.report import Erasure
from ops.build import make_embedder, open_library, state
from ops.settings import Settings
from ops.terminal import WorkFailed
from rag.deletion import Deletion

BY = "the command line"

log = logging.getLogger(__name__)


async def forget_rights(settings: Settings) -> None:
    """Has all processes ask anew who is in which group, and who reads a channel."""
    async with state(settings) as (redis, _):
        await Renewals(redis).renew()
    click.echo("From the next question on, every process asks anew who is in which group, and who reads a channel.")


async def delete_document(settings: Settings, doc_id: str, *, as_json: bool) -> None:
    """Erases a document with all that was made from it, and shows what went. Raises WorkFailed.

    It is in no answer any more before anything else is tried.
    """
    library = open_library(settings, make_embedder(settings))
    try:
        archive = Deletion(library)
        if not await archive.bury(doc_id, BY):
            raise WorkFailed(f"there is no document {doc_id!r}; `hausgeist search` shows ids")
        async with _errands(settings, archive) as errands:
            _show(report := await errands.delete(doc_id, BY), as_json=as_json)
        if not as_json and "sources" in report.stays:
            click.echo(f"\n`hausgeist admin restore-doc {doc_id}` lets it come back from its source.")
    finally:
        library.close()


async def erase_person(settings: Settings, person: str, *, as_json: bool) -> None:
    """Erases what is kept of somebody, and shows what went."""
    async with _errands(settings) as errands:
        _show(await errands.forget(person), as_json=as_json)


async def export_person(settings: Settings, person: str, to: Path | None) -> None:
    """Writes what is kept of somebody, in clear, as JSON, to a file that only we may read or to stdout."""
    async with _errands(settings) as errands:
        said = orjson.dumps(await errands.eraser.copy(person), option=orjson.OPT_INDENT_2) + b"\n"
    _write(said, to)


async def sweep(errands: Errands) -> None:
    """Erases what was made from documents that are gone since it was looked at last; for the scheduler."""
    try:
        log.info("quotes of what is gone erased", extra={"erased": dict(await errands.sweep())})
    except HausgeistError as error:
        log.warning("quotes of what is gone not erased", extra={"reason": repr(error.__cause__)})


class _NoArchive:
    """Stands for the library where nobody asks about documents."""

    async def bury(self, doc_id: str, by: str) -> bool:  # noqa: ARG002 - the port's
        return False

    async def remove(self, doc_id: str, by: str) -> dict[str, int]:  # noqa: ARG002 - the port's
        return {}

    async def readable(self, doc_ids: object, groups: object) -> frozenset[str]:  # noqa: ARG002 - the port's
        return frozenset()

    async def gone(self, doc_ids: object) -> frozenset[str]:  # noqa: ARG002 - the port's
        return frozenset()


@asynccontextmanager
async def _errands(settings: Settings, archive: Deletion | None = None) -> AsyncIterator[Errands]:
    async with state(settings) as (redis, seal):
        eraser = Eraser(redis, Memory(redis, seal), Inbox(redis, seal))
        yield Errands(archive or _NoArchive(), eraser, Directory())


def _write(said: bytes, to: Path | None) -> None:
    if to is None:
        sys.stdout.buffer.write(said)
        return
    to.touch(mode=0o600)
    to.chmod(0o600)
    to.write_bytes(said)


def _show(report: Erasure, *, as_json: bool) -> None:
    click.echo(orjson.dumps(report.as_json()).decode() if as_json else report.as_text("en"))
