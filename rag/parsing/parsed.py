"""What a file says, whatever kind it is of: its text as Markdown, and what it tells about itself."""

import re
from dataclasses import dataclass
from pathlib import Path

from rag.errors import Unreadable
from rag.words import printable

_HEADING = re.compile(r"^(#{1,6})[ \t]+(\S.*?)[ \t]*#*$", re.MULTILINE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file's text as Markdown, and what the file says about itself; `groups` is None where it says nothing.

    A form feed stands where a new page begins; `remark` says what of the file could not be read.
    """

    title: str
    text: str
    owner: str = ""
    date: str = ""
    groups: frozenset[str] | None = None
    remark: str = ""


def decoded(data: bytes) -> str:
    """The text of a file that holds nothing else. Raises Unreadable."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\0" in data:
        raise Unreadable("not a text file")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def heading(text: str, level: int) -> str:
    """The first heading, if it is of this level or above."""
    match = _HEADING.search(text)
    return printable(_ESCAPED.sub(r"\1", match[2])).strip()[:200] if match and len(match[1]) <= level else ""


def named(path: Path) -> str:
    """A title made of a file's name."""
    return re.sub(r"[-_]+", " ", printable(path.stem)).strip().capitalize() or printable(path.name)


def word(value: object) -> str:
    """What a file says of itself, on one line; empty where that is no word."""
    return "" if value is None or isinstance(value, dict | list) else printable(str(value)).strip()
