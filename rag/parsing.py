"""Turns a file of any kind into Markdown with a title, an owner and a date; knows nothing of permissions."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kreuzberg
import yaml

from rag.errors import Unreadable
from rag.words import printable

TYPES = frozenset({".md", ".markdown", ".txt", ".html", ".htm", ".docx", ".pdf", ".xlsx", ".pptx", ".csv"})
LARGEST = 100 * 2**20
DEADLINE = 60

_PLAIN = frozenset({".md", ".markdown", ".txt"})
_TEXTUAL = frozenset({".html", ".htm", ".csv"})
_KINDS = {
    ".docx": "Word file",
    ".pdf": "PDF",
    ".xlsx": "Excel file",
    ".pptx": "PowerPoint file",
    ".csv": "CSV file",
    ".html": "web page",
    ".htm": "web page",
}
_SOFTWARE = frozenset({"python-docx", "openpyxl", "PDFium"})
_FRONT_MATTER = re.compile(r"\A[\s\ufeff]*---[ \t]*\r?\n(.*?)^---[ \t]*\r?$\n?", re.DOTALL | re.MULTILINE)
_UNCLOSED = re.compile(r"[\s\ufeff]*---[ \t]*\r?\n((?:[^\r\n]+\r?\n)*)")
_SLIPS = frozenset({"group", "readers", "access", "permissions"})
_GROUPS = re.compile(rf"^[^\w\n]*(groups\b|({'|'.join(sorted(_SLIPS))})\W?\s*:)", re.MULTILINE | re.IGNORECASE)
_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t]*#*$", re.MULTILINE)
_HTML_HEAD = re.compile(r"\A---\n+(?:[\w:.-]+: .*\n+)*## [\w:.-]+: .*\n+")  # kreuzberg prints <head> into the text
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_UNTITLED = re.compile(r"|untitled|powerpoint presentation|microsoft \w+ - .*|.*\.(docx?|pptx?|xlsx?|pdf|indd)", re.I)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text as Markdown, and what the file says about itself; `groups` is None where it says nothing."""

    title: str
    text: str
    owner: str = ""
    date: str = ""
    groups: frozenset[str] | None = None


def parse(path: Path) -> Parsed:
    """Reads a file; raises Unreadable with the reason where it yields no text."""
    if path.suffix.lower() not in TYPES:
        raise Unreadable("unsupported type")
    try:
        data = _read(path)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", passing=True) from error
    parsed = _parse_plain(path, data) if path.suffix.lower() in _PLAIN else _parse_rich(path, data)
    if not any(character.isalnum() for character in parsed.text):
        raise Unreadable("no text found; a scan?")
    return parsed


def parse_markdown(text: str, name: str) -> Parsed:
    """Reads Markdown with its YAML front matter, if any; `name` is the title where the text has none."""
    fields, text = _front_matter(text)
    return Parsed(
        title=_word(fields.get("title")) or _heading(text, 1) or name,
        text=text,
        owner=_word(fields.get("owner")),
        date=_word(fields.get("date")),
        groups=groups_from(fields["groups"]) if "groups" in fields else None,
    )


def groups_from(value: object) -> frozenset[str]:
    """Returns the groups a document names for itself; raises Unreadable where they are not clear."""
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise Unreadable("its groups must be a list of names")
    return frozenset(names)


def _read(path: Path) -> bytes:
    size = path.stat().st_size
    if size > LARGEST:
        raise Unreadable(f"larger than {LARGEST // 2**20} MB")
    if not size:
        raise Unreadable("empty file")
    return path.read_bytes()


def _parse_plain(path: Path, data: bytes) -> Parsed:
    text = _decode(data)
    return Parsed(_from_name(path), text) if path.suffix.lower() == ".txt" else parse_markdown(text, _from_name(path))


def _front_matter(text: str) -> tuple[dict[str, Any], str]:
    """Returns the YAML front matter and the text below it; raises Unreadable where it hides who may read the text."""
    match = _FRONT_MATTER.match(text)
    if not match:
        if (opened := _UNCLOSED.match(text)) and _GROUPS.search(opened[1]):
            raise Unreadable("front matter does not end with ---, so its groups are unknown")
        return {}, text
    try:
        fields = yaml.safe_load(match[1])
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


def _decode(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise Unreadable("not a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _parse_rich(path: Path, data: bytes) -> Parsed:
    mime_type = kreuzberg.detect_mime_type_from_path(str(path))
    if path.suffix.lower() in _TEXTUAL:
        data = _decode(data).encode()
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        disable_ocr=True,  # type: ignore[call-arg]  # its stubs lack it
        extraction_timeout_secs=DEADLINE,
    )
    try:
        result = kreuzberg.extract_bytes_sync(data, mime_type, config=config)
    except (kreuzberg.KreuzbergError, RuntimeError, ValueError, OSError) as error:
        raise Unreadable(_reason(path, str(error))) from error
    return _described(path, _HTML_HEAD.sub("", result.content), dict(result.metadata))


def _reason(path: Path, error: str) -> str:
    if re.search(r"password|encrypt", error, re.IGNORECASE):
        return "encrypted"
    if re.search(r"timed? ?out", error, re.IGNORECASE):
        return f"took longer than {DEADLINE} s"
    return f"not a readable {_KINDS[path.suffix.lower()]}"


def _described(path: Path, text: str, metadata: dict[str, Any]) -> Parsed:
    title = _word((metadata.get("core_properties") or {}).get("title") or metadata.get("title"))
    first = _heading(text, 2 if path.suffix.lower() in {".pptx", ".docx"} else 1)
    authors = [name for name in metadata.get("authors") or [] if name not in _SOFTWARE]
    return Parsed(
        title=(title if not _UNTITLED.fullmatch(title) else "") or first or _from_name(path),
        text=text,
        owner=_word(authors[0]) if authors else "",
        date=_word(metadata.get("modified_at") or metadata.get("created_at"))[:10],
    )


def _heading(text: str, level: int) -> str:
    """Returns the first heading, if it is of this level or above."""
    match = _HEADING.search(text)
    return printable(_ESCAPED.sub(r"\1", match[2])).strip()[:200] if match and len(match[1]) <= level else ""


def _from_name(path: Path) -> str:
    return re.sub(r"[-_]+", " ", printable(path.stem)).strip().capitalize() or printable(path.name)


def _word(value: object) -> str:
    return "" if value is None or isinstance(value, dict | list) else printable(str(value)).strip()
