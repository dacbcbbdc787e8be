"""Makes the report of gaps once a week, keeps it in the data directory, and sends each owner their part."""

import asyncio
import logging
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import click
import orjson
from redis.asyncio import Redis

from bot.errors import StateDown
from bot.language import Language
from ops.build import make_embedder, open_library, state
from ops.gaps import Report, data, make_report
from ops.gaps_page import WORDS, page, told
from ops.mail import NotSent, message, send
from ops.settings import Settings
from ops.terminal import WorkFailed
from rag.errors import LibraryError
from rag.library import Library

WEEK: Final = 7.0
"""Days that a report looks back."""
KEPT: Final = 13
"""Reports that stay: a quarter's."""
EVERYTHING: Final = "*"
"""The owner whose addresses get the whole report."""

log = logging.getLogger(__name__)


async def report_gaps(settings: Settings, redis: Redis, library: Library) -> None:
    """Makes, keeps and sends the week's report; what fails is told in the log, without a word of the questions."""
    try:
        report = await make_report(redis, library, WEEK, settings.stale_days)
        await asyncio.to_thread(keep, report, settings.data_dir / "reports", settings.languages[0])
        sent = await asyncio.to_thread(mailed, report, settings)
    except (StateDown, LibraryError, NotSent, OSError) as error:
        log.warning("no report of gaps", extra={"error": type(error).__name__})
        return
    log.info("report of gaps", extra={"topics": len(report.topics), "gaps": report.gaps, "sent": sent})


async def show_gaps(settings: Settings, days: float, *, as_json: bool, mail: bool) -> None:
    """Makes a report now, for the command line. Raises as its parts do, and WorkFailed."""
    async with state(settings) as (redis, _):
        library = open_library(settings, make_embedder(settings))
        report = await make_report(redis, library, days, settings.stale_days)
        library.close()
    if as_json:
        click.echo(orjson.dumps(data(report)))
    else:
        click.echo(told(report, settings.languages[0]).rstrip())
        click.echo(f"\n{keep(report, settings.data_dir / 'reports', settings.languages[0])}")
    if mail:
        try:
            click.echo(f"{mailed(report, settings)} messages sent", err=True)
        except NotSent as error:
            raise WorkFailed(str(error)) from error


def keep(report: Report, folder: Path, language: Language) -> Path:
    """Writes the report as a page and as JSON, removes the oldest, and returns the page. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = folder / f"{report.name}.html"
    written.write_text(page(report, language), "utf-8")
    written.with_suffix(".json").write_bytes(orjson.dumps(data(report), option=orjson.OPT_INDENT_2))
    for old in sorted(folder.glob("gaps-*.html"))[:-KEPT]:
        old.unlink()
        old.with_suffix(".json").unlink(missing_ok=True)
    return written


def mailed(report: Report, settings: Settings) -> int:
    """Sends each address the part of the owners it stands for; how many messages went out. Raises NotSent."""
    url = settings.smtp_url.get_secret_value()
    messages = list(_messages(report, settings.owners, settings.mail_from, settings.languages[0])) if url else []
    if messages:
        send(url, messages)
    return len(messages)


def _messages(
    report: Report, owners: Mapping[str, tuple[str, ...]], sender: str, language: Language
) -> list[EmailMessage]:
    by_address: dict[str, set[str]] = {}
    for owner, addresses in owners.items():
        for address in addresses:
            by_address.setdefault(address, set()).add(owner)
    written = []
    for address, names in by_address.items():
        part = report if EVERYTHING in names else report.of(names)
        if part.topics or part.old:
            subject = f"{WORDS[language]['title']} ({report.name.removeprefix('gaps-')})"
            written.append(
                message(sender, [address], subject, told(part, language), page(part, language), f"{report.name}.html")
            )
    return written
