"""Turns a file of any kind into Markdown with a title, an owner and a date; knows nothing of permissions."""

import re
from pathlib import Path
from typing import Any

import yaml

from rag.errors import Unreadable
from rag.parsing.kinds import KINDS
from rag.parsing.parsed import Parsed, decoded, heading, named, word
from rag.parsing.sandbox import SECONDS, SHARED, Sandbox

LARGEST = 100 * 2**20
PLAIN = frozenset({".md", ".markdown", ".txt"})
TYPES = PLAIN | KINDS.keys()

_MAGIC = (b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")  # what calls itself text, and is none
_YAML = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FRONT_MATTER = re.compile(r"\A[\s\ufeff]*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_UNCLOSED = re.compile(r"[\s\ufeff]*---[ \t]*\r?\n((?:[^\r\n]+\r?\n)*)")
_SLIPS = frozenset({"group", "readers", "access", "permissions"})
_GROUPS = re.compile(rf"^[^\w\n]*(groups\b|({'|'.join(sorted(_SLIPS))})\W?\s*:)", re.MULTILINE | re.IGNORECASE)


def parse(path: Path, sandbox: Sandbox = SHARED, seconds: int = SECONDS) -> Parsed:
    """Reads a file; raises Unreadable with the reason where it yields no text.

    What is plain text by its name and its first bytes is read here: no parser of ours can be attacked by it. All else
    goes to a confined process.
    """
    if path.suffix.lower() not in TYPES:
        raise Unreadable("unsupported type")
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise Unreadable(f"larger than {LARGEST // 2**20} MB")
        if not size:
            raise Unreadable("empty file")
        if path.suffix.lower() not in PLAIN or _is_rich(path):
            return sandbox.read(path, seconds)
        parsed = _parse_plain(path, path.read_bytes())
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", passing=True) from error
    if not any(character.isalnum() for character in parsed.text):
        raise Unreadable("no text found")
    return parsed


def parse_markdown(text: str, name: str) -> Parsed:
    """Reads Markdown with its YAML front matter, if any; `name` is the title where the text has none."""
    fields, text = _front_matter(text)
    return Parsed(
        title=word(fields.get("title")) or heading(text, 1) or name,
        text=text,
        owner=word(fields.get("owner")),
        date=word(fields.get("date")),
        groups=groups_from(fields["groups"]) if "groups" in fields else None,
    )


def groups_from(value: object) -> frozenset[str]:
    """Returns the groups a document names for itself; raises Unreadable where they are not clear."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise Unreadable("its groups must be a list of names")
    return frozenset(names)


def _is_rich(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(8).startswith(_MAGIC)


def _parse_plain(path: Path, data: bytes) -> Parsed:
    text = decoded(data)
    return Parsed(named(path), text) if path.suffix.lower() == ".txt" else parse_markdown(text, named(path))


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Returns the YAML front matter and the text below it; raises Unreadable where it hides who may read the text."""
    match = _FRONT_MATTER.match(text)
    if not match:
        if (opened := _UNCLOSED.match(text)) and _GROUPS.search(opened[1]):
            raise Unreadable("front matter does not end with ---, so its groups are unknown")
        return {}, text
    try:
        fields = yaml.load(match[1], _YAML)  # noqa: S506  (safe, and in C where PyYAML has it)
    except (yaml.YAMLError, ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        if _GROUPS.search(match[1]):
            raise Unreadable("front matter is not valid YAML, so its groups are unknown")
        return {}, text if isinstance(fields, str) else text[match.end() :]  # a string: prose between two rules
    return _known(fields), text[match.end() :]


def _known(fields: dict[object, Any]) -> dict[str, Any]:
    """Compares keys in lower case; raises Unreadable at one that seems to mean who may read the text."""
    known = {str(key).strip().lower(): value for key, value in fields.items()}
    if slips := known.keys() & _SLIPS:
        raise Unreadable(f"front matter says {min(slips)!r}; did you mean groups?")
    if len(known) < len(fields):
        raise Unreadable("front matter says something twice")
    return known
