"""Markdown as Teams shows it: nobody is called, no HTML, no link lies; headings are bold, tables aligned text.

Teams shows no tables and no headings in a message of text. Knows no network.
"""

import json
import re
from collections.abc import Sequence
from typing import Final

from adapters import markdown
from adapters.markdown_split import split
from adapters.markdown_tables import Table, segments

MOST: Final = 8_000  # characters that are shown of a growing text: what is longer comes with the whole answer
MOST_BYTES: Final = 18_000  # of those, less than the smallest first part of a long answer

_NO_SIGN: Final = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")
_NO_TAG: Final = "<\u200b"  # in code, where an entity would be read as it stands
_TAG: Final = re.compile(r"<(?=[A-Za-z/!?])")
_PROSE: Final = re.compile(
    r"(?P<code>(?<!`)(?P<run>`+)(?!`).*?(?<!`)(?P=run)(?!`))"
    r"|(?P<escape>\\[!-;=-@\[-`{-~])"
    r"|<(?P<url>https?://[^<>\s]+)>"
    r"|\\?<(?=[A-Za-z/!?])",
    re.DOTALL | re.IGNORECASE,
)
_HEADING: Final = re.compile(r" {0,3}#{1,6}[ \t]+(?P<title>[^\n]*?)(?:[ \t]+#+)?[ \t]*(?P<end>\n?)\Z")
_HEADING_BEGUN: Final = re.compile(r"(?:\A|\n) {0,3}#{1,6}(?:[ \t][^\n]*)?\Z")
_RUN: Final = re.compile(r"(?<!`)(?P<run>`+)(?!`).*?(?<!`)(?P=run)(?!`)|\\.", re.DOTALL)
_SMALLEST: Final = 100  # characters that are not cut any more, however many bytes they take


def size(said: object) -> int:
    """The bytes that something takes in a message: its JSON in UTF-16, with all but ASCII escaped, as some count it."""
    return 2 * len(json.dumps(said))


def plain(text: str) -> str:
    """The whole text as Teams may be given it."""
    calm = markdown.quiet(sound(text).strip())
    shown = [_prose(part) if isinstance(part, str) else _code(part) for part in segments(calm)]
    return "\n".join(shown).strip()


def grown(text: str) -> str:
    """What may be shown of a text that still grows, at most MOST of it: `plain` of the whole begins with it."""
    begun = markdown.settled(sound(text).lstrip())
    first, *more = segments(markdown.quiet(begun)) or [""]
    if not isinstance(first, str):
        return ""
    shown = _evenly(_prose(first if more else _decided(first))).rstrip("\\< \n\t")
    if len(shown) <= MOST and size(shown) <= MOST_BYTES:
        return shown
    room = min(MOST, MOST_BYTES * len(shown) // size(shown))
    cut = max(shown.rfind(gap, room // 2, room) for gap in ("\n", " "))
    return _evenly(shown[: cut if cut > 0 else room]).rstrip()


def line(text: str, most: int) -> str:
    """One line of plain text in which nothing is markup."""
    short = " ".join(sound(text).split())
    short = short if len(short) <= most else f"{short[:most].rstrip()}…"
    return _prose(markdown.quiet(re.sub(r"([\\`*_\[\]|~#])", r"\\\1", short)))


def fitted(text: str, room: int) -> list[str]:
    """Pieces of what is plain already that take no more than the room each; code goes on as code."""
    if size(text) <= room:
        return [text]
    return [piece for piece in _cut(text, room // 2, room) if piece.strip()] or [""]


def sound(text: str) -> str:
    """The text without lone surrogates, which nothing can send, and signs that no XML may hold, as Teams' own does."""
    return _NO_SIGN.sub("", text.encode("utf-8", "replace").decode())


def _cut(text: str, limit: int, room: int) -> list[str]:
    pieces: list[str] = []
    for piece in map(plain, split(text, limit)):  # what was code may be none in a piece cut out of a line
        taken = size(piece)
        if taken <= room or len(piece) <= _SMALLEST:
            pieces.append(piece)
        else:
            pieces += _cut(piece, max(len(piece) * room // taken * 9 // 10, _SMALLEST), room)
    return pieces


def _prose(text: str) -> str:
    """All but tables: tags are text, addresses in angles bare, headings bold."""
    if "<" not in text and "#" not in text:
        return text
    return "".join(
        _TAG.sub(_NO_TAG, piece) if code else _PROSE.sub(_harmless, _bold(piece))
        for piece, code, _ in markdown.pieces(text)
    )


def _bold(piece: str) -> str:
    heading = _HEADING.match(piece)
    if not heading:
        return piece
    title = heading["title"].replace("**", "").replace("__", "").strip()
    return f"**{title}**{heading['end']}" if title else heading["end"]


def _harmless(found: re.Match[str]) -> str:
    if found["code"]:
        return _TAG.sub(_NO_TAG, found["code"])
    return found["escape"] or found["url"] or "&lt;"


def _code(table: Table) -> str:
    return f"```\n{_TAG.sub(_NO_TAG, table.aligned())}\n```"


def _decided(text: str) -> str:
    """The text up to what may still become a heading or a table."""
    start = text.rfind("\n\n") + 1
    return text[:start] if "|" in text[start:] else _HEADING_BEGUN.sub("", text)


def _evenly(text: str) -> str:
    """The text up to bold that was not closed yet, as its signs would be read until it is."""
    start = text.rfind("\n\n") + 1
    bare = _RUN.sub(lambda code: " " * len(code[0]), text[start:])
    signs = [found.start() for found in re.finditer(r"\*\*", bare)]
    return text[: start + signs[-1]] if len(signs) % 2 else re.sub(r"(?<!\*)\*\Z", "", text)


def parts_of(pieces: Sequence[str]) -> list[str]:
    """The pieces with their numbers at the end, if there are several."""
    total = len(pieces)
    return [f"{piece}\n\n({number}/{total})" for number, piece in enumerate(pieces, 1)] if total > 1 else list(pieces)
