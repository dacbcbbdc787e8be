"""Cuts a document's Markdown into passages that stand alone: along headings, with tables kept whole where they fit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from semchunk.semchunk import chunk

from rag.passages import Document, Passage

SIZE = 900
_ATX = re.compile(r"(#{1,6})\s+(.+?)\s*#*\s*$")
_SETEXT = re.compile(r"^(?![|>#\-*+]|\d+[.)]|`{3}|~{3})(\S[^\n]*)\n(=|-){3,}[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


def passages(document: Document, size: int = SIZE) -> list[Passage]:
    """Returns the document's passages in order, each of about `size` characters."""
    pieces = [piece for section in _joined(list(_sections(document)), size) for piece in section.split(size)]
    pieces = pieces or [("", document.text.strip()[:size])]  # nothing but headings
    return [
        Passage(f"{document.doc_id}#{n}", document.doc_id, document.title, heading, text, document.owner, document.date)
        for n, (heading, text) in enumerate(pieces)
    ]


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands under one heading: the path of headings above it, and its blocks."""

    path: tuple[str, ...]
    blocks: tuple[str, ...]

    @property
    def length(self) -> int:
        return sum(len(block) + 2 for block in self.blocks)

    def split(self, size: int) -> Iterator[tuple[str, str]]:
        """Yields (heading, text) pieces, filling each with whole blocks as far as they fit."""
        heading, room, batch = " > ".join(self.path), size, list[str]()
        for block in (part for whole in self.blocks for part in _cut(whole, size)):
            if batch and len(block) > room:
                yield heading, "\n\n".join(batch)
                room, batch = size, []
            batch.append(block)
            room -= len(block) + 2
        if batch:
            yield heading, "\n\n".join(batch)


def _joined(sections: list[_Section], size: int) -> Iterator[_Section]:
    """Joins neighbours too small to stand alone, keeping below the common path what sets them apart."""
    if not sections:
        return
    current = sections[0]
    for section in sections[1:]:
        small = min(current.length, section.length) < size // 3
        if small and current.length + section.length <= size:
            current = _join(current, section)
        else:
            yield current
            current = section
    yield current


def _join(first: _Section, second: _Section) -> _Section:
    common = next((n for n, pair in enumerate(zip(first.path, second.path, strict=False)) if pair[0] != pair[1]), None)
    depth = min(len(first.path), len(second.path)) if common is None else common
    blocks = [*_titled(first, depth), *_titled(second, depth)]
    return _Section(first.path[:depth], tuple(blocks))


def _titled(section: _Section, depth: int) -> list[str]:
    below = " > ".join(section.path[depth:])
    return [f"**{below}**", *section.blocks] if below else list(section.blocks)


def _sections(document: Document) -> Iterator[_Section]:
    path: list[tuple[int, str]] = []
    blocks: list[str] = []
    for block in _blocks(_SETEXT.sub(_as_atx, document.text)):
        if heading := _ATX.match(block):
            if blocks:
                yield _Section(_path(path, document.title), tuple(blocks))
            level = len(heading[1])
            path, blocks = [*(above for above in path if above[0] < level), (level, heading[2])], []
        else:
            blocks.append(block)
    if blocks:
        yield _Section(_path(path, document.title), tuple(blocks))


def _as_atx(match: re.Match[str]) -> str:
    return f"{'#' if match[2] == '=' else '##'} {match[1]}\n"


def _path(path: list[tuple[int, str]], title: str) -> tuple[str, ...]:
    return tuple(heading for _, heading in path if heading != title)


def _blocks(text: str) -> Iterator[str]:
    """Yields headings, paragraphs, lists, tables and fenced code, each as one block."""
    block: list[str] = []
    fence = ""
    for line in text.splitlines():
        if fence:
            fence = "" if line.strip().startswith(fence) else fence
        elif opened := _FENCE.match(line):
            fence = opened[1]
        elif not line.strip() or _ATX.match(line):
            yield from ["\n".join(block)] if block else []
            yield from [line] if line.strip() else []
            block = []
            continue
        block.append(line.rstrip())
    if block:
        yield "\n".join(block)


def _cut(block: str, size: int) -> list[str]:
    if len(block) <= size:
        return [block]
    lines = block.splitlines()
    if len(lines) > 2 and re.fullmatch(r"\s*\|?[\s:|-]+\|[\s:|-]*", lines[1]):
        return _cut_table(lines, size)
    return [str(piece) for piece in chunk(block, size, len, memoize=False)]


def _cut_table(lines: list[str], size: int) -> list[str]:
    """Cuts between rows and repeats the header, so that each part can be read alone."""
    header, pieces, rows = lines[:2], list[str](), list[str]()
    for row in lines[2:]:
        if rows and sum(map(len, [*header, *rows, row])) > size:
            pieces.append("\n".join([*header, *rows]))
            rows = []
        rows.append(row)
    return [*pieces, "\n".join([*header, *rows])]
