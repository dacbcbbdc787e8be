"""Reads Markdown as blocks: headings, paragraphs, lists, tables, fenced code; and cuts those too large to stand whole.

Everything here takes time in proportion to the text, whatever is in it: no expression looks back over what it passed.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from semchunk.semchunk import chunk

from rag.words import plain

_SETEXT = re.compile(r"^(?![|>#\-*+]|\d+[.)]|`{3}|~{3})(\S[^\n]*)\n(=|-){3,}[ \t]*$", re.MULTILINE)
_FENCED = re.compile(r"^[ \t]*(`{3,}|~{3,})[^\n]*(?:\n(?:[^\n]*\n)*?[ \t]*\1[^\n]*$|.*\Z)", re.MULTILINE | re.DOTALL)
_ATX = re.compile(r"#{1,6}[ \t]")
_GAP = re.compile(r"\n\s*\n")
_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,9}[.)])[ \t]")
_ALIGNING = re.compile(r"(?<=[|\S])( ) +|(---)-+")
_DENSE = bytes(byte for byte in range(33, 127) if not chr(byte).islower())
_LONGEST_HEADING = 200
_LONGEST_INTRODUCTION = 240


class Block(NamedTuple):
    """A block, what it weighs, the page it begins on (from 1), and how deep a heading it is (0: none)."""

    text: str
    weight: int
    page: int = 1
    level: int = 0

    @classmethod
    def of(cls, text: str, page: int) -> "Block":
        """Weighs a text."""
        return cls(text, weight(text), page)


def weight(text: str) -> int:
    """Returns the most room that a text may take in an embedder's window, in letters of ordinary prose.

    Prose weighs its length. Figures, capitals and marks weigh more, as do letters that UTF-8 needs three bytes for:
    tokenizers cut them finer. What links point to is not embedded (`words.plain`).
    """
    data = text.encode("utf-8", "replace")
    needed = (2 * len(data) - len(data.translate(None, _DENSE))) * 4 // 5
    if needed <= len(text):
        return len(text)
    if (bare := plain(text)) is text or bare == text:
        return needed
    return max(len(text), weight(bare))


def blocks(text: str) -> Iterator[Block]:
    """Yields the blocks of a Markdown text in order; a form feed begins a new page."""
    text = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    text = _SETEXT.sub(_as_atx, text) if "\n---" in text or "\n===" in text else text
    for page, held in enumerate(text.split("\f"), 1):
        end = 0
        for fenced in _FENCED.finditer(held) if "```" in held or "~~~" in held else ():
            yield from _unfenced(held[end : fenced.start()], page)
            yield Block(code := _tidy(fenced[0]), weight(code), page)
            end = fenced.end()
        yield from _unfenced(held[end:] if end else held, page)


def introduces(block: str) -> bool:
    """Tells whether a block says little without what follows it: a line that ends with a colon, a heading in bold."""
    return len(block) <= _LONGEST_INTRODUCTION and (
        block.endswith((":", "\uff1a", ":**")) or (block.startswith("**") and block.endswith("**"))
    )


def cut(block: str, size: int, introduction: str = "") -> list[str]:
    """Cuts a block into pieces of at most this weight: tables between rows, lists between items, code between lines.

    Each piece begins with the table's header, the list's introduction or the code's fence, and can be read alone.
    """
    head, rows, tail = _frame(block)
    head = [*introduction.splitlines(), *head]
    room = size - sum(weight(line) + 1 for line in (*head, *tail))
    if room < size // 2:  # a header wider than what is below it
        head, rows, tail, room = [], [*head, *rows, *tail], [], size
    if len(rows) == 1 and not head:
        return _cut_text(block, size)
    return ["\n".join([*head, *packed, *tail]) for packed in _packed(rows, room)]


def _as_atx(match: re.Match[str]) -> str:
    return f"{'#' if match[2] == '=' else '##'} {match[1]}\n"


def _unfenced(text: str, page: int) -> Iterator[Block]:
    for piece in _GAP.split(text):
        if "\n#" in piece or piece.startswith("#"):
            yield from _with_headings(piece, page)
        elif tidy := _tidy(piece):
            yield Block(tidy, weight(tidy), page)


def _with_headings(text: str, page: int) -> Iterator[Block]:
    lines: list[str] = []
    for line in text.split("\n"):
        if _ATX.match(line) and len(line) <= _LONGEST_HEADING and (heading := line.strip("#").strip().rstrip("#")):
            yield from [Block(tidy, weight(tidy), page)] if (tidy := _tidy("\n".join(lines))) else []
            yield Block(heading.rstrip(), 0, page, len(line) - len(line.lstrip("#")))
            lines = []
        else:
            lines.append(line)
    yield from [Block(tidy, weight(tidy), page)] if (tidy := _tidy("\n".join(lines))) else []


def _tidy(text: str) -> str:
    """Drops blanks at the ends of lines, and empty lines around them; keeps what a first line is indented by."""
    if " \n" in text or "\t\n" in text:
        text = "\n".join([line.rstrip() for line in text.split("\n")])
    text = text.strip("\n").rstrip()
    return _squeezed(text) if "|" in text and ("    " in text or "-----" in text) else text


def _squeezed(text: str) -> str:
    """Takes out what only aligns a table's columns."""
    lines = text.split("\n")
    if not any(map(_is_rule, lines[1:4])):
        return text
    return "\n".join([_ALIGNING.sub(_aligned, line) if "|" in line else line for line in lines])


def _aligned(match: re.Match[str]) -> str:
    return match[1] or match[2]


def _frame(block: str) -> tuple[list[str], list[str], list[str]]:
    """Splits a block into what each of its parts begins with, its rows, and what each part ends with."""
    lines = block.split("\n")
    if (fence := lines[0].lstrip())[:3] in ("```", "~~~"):
        closed = len(lines) > 1 and lines[-1].lstrip().startswith(fence[:3])
        return lines[:1], lines[1:-1] if closed else lines[1:], [fence[: len(fence) - len(fence.lstrip(fence[0]))]]
    ruled = next((n for n, line in enumerate(lines[1:4], 1) if _is_rule(line)), None)
    if ruled:
        return lines[: ruled + 1], lines[ruled + 1 :], []
    if _ITEM.match(block):
        return [], list(_items(lines)), []
    return [], [block], []


def _is_rule(line: str) -> bool:
    """Tells whether a line is what stands between a table's header and its rows."""
    return "-" in line and "|" in line and not line.strip("|:- \t")


def _items(lines: Iterable[str]) -> Iterator[str]:
    item: list[str] = []
    for line in lines:
        if item and _ITEM.match(line):
            yield "\n".join(item)
            item = []
        item.append(line)
    yield "\n".join(item)


def _packed(rows: Iterable[str], room: int) -> Iterator[list[str]]:
    """Yields as many rows together as there is room for, those too large for it in pieces."""
    batch, taken = list[str](), 0
    for row in rows:
        needed = weight(row) + 1
        for part in [row] if needed <= room else _cut_text(row, room):
            needed = weight(part) + 1
            if batch and taken + needed > room:
                yield batch
                batch, taken = [], 0
            batch.append(part)
            taken += needed
    if batch:
        yield batch


def _cut_text(text: str, size: int) -> list[str]:
    return [str(piece) for piece in chunk(text, size, weight, memoize=False)]
