"""A corpus: a file with a document in each line."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from rag.errors import Unreadable
from rag.parsing.parse import groups_from, parse_markdown
from rag.parsing.parsed import Parsed
from rag.words import printable


def record(line: bytes) -> tuple[str, Callable[[], Parsed]]:
    """Reads one line of a corpus: the record's id, and how to load it."""
    try:
        read = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    if not isinstance(read, dict) or not {"_id", "text"} <= read.keys():
        raise Unreadable("no document: a record needs _id and text")
    name, text = str(read["_id"]), read["text"]
    if not isinstance(text, str) or not name or not _is_text(name + text):
        raise Unreadable("_id and text must be text")
    return name, partial(_parse_record, name, read)


def _parse_record(name: str, record: dict[str, object]) -> Parsed:
    shown = printable(name)
    parsed = parse_markdown(str(record["text"]), shown)
    if not parsed.text.strip() and parsed.title == shown and not record.get("title"):
        raise Unreadable("no text found")
    said = {key: printable(str(record[key])) for key in ("title", "owner", "date") if record.get(key)}
    groups = parsed.groups if record.get("groups") is None else groups_from(record["groups"])
    title = said.get("title", parsed.title)
    return replace(
        parsed,
        title=title,
        text=parsed.text if parsed.text.strip() else title,
        owner=said.get("owner", parsed.owner),
        date=said.get("date", parsed.date),
        groups=groups,
    )


def _is_text(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text
