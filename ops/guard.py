"""What the guard does to texts, as JSON lines: for looking at it, and for measuring it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import orjson

from guardrails.masking import Vault, restore
from guardrails.pii import Guard, GuardFailed
from ops.guard_policy import policy
from ops.settings import Settings
from ops.terminal import WorkFailed


async def guard_all(settings: Settings, records: Iterator[dict[str, Any]], *, everything: bool, restored: bool) -> None:
    """Masks each record's text, in a conversation of its own, and writes a JSON line for it."""
    guard = Guard(policy(settings), employee_number=settings.employee_number)
    await asyncio.to_thread(guard.load)
    for record in records:
        vault = Vault()
        with _working(record["_id"]):
            found = await guard.detect(record["text"])
            masked = guard.judged(record["text"], found, vault)
        spans = found if everything else masked.spans
        line = {
            "_id": record["_id"],
            "masked": masked.text,
            "spans": [asdict(span) for span in spans],
            "blocked": bool(masked.blocked),
        }
        if restored:
            line["restored"] = restore(masked.text, vault)
        click.echo(orjson.dumps(line))


@contextmanager
def _working(record: object) -> Iterator[None]:
    try:
        yield
    except GuardFailed as error:
        raise WorkFailed(f"record {record}: {error}") from error
