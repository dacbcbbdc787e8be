"""What the guard does to texts, as JSON lines: for looking at it, and for measuring it."""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
import orjson

from guardrails.masking import Vault, restore
from guardrails.pii import Guard
from ops.guard_policy import policy
from ops.settings import Settings


async def guard_all(
    settings: Settings, records: Iterator[dict[str, Any]], language: str | None, *, everything: bool, restored: bool
) -> None:
    """Masks each record's text, in a conversation of its own, and writes a JSON line for it."""
    guard = Guard(settings.languages, policy(settings), employee_number=settings.employee_number)
    await asyncio.to_thread(guard.load)
    for record in records:
        vault = Vault()
        masked = await guard.mask(record["text"], vault, language)
        spans = guard.find(record["text"], language, everything=True) if everything else masked.spans
        line = {
            "_id": record["_id"],
            "masked": masked.text,
            "spans": [asdict(span) for span in spans],
            "blocked": bool(masked.blocked),
        }
        if restored:
            line["restored"] = restore(masked.text, vault)
        click.echo(orjson.dumps(line))
