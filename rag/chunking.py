"""Cuts a document's Markdown into passages that stand alone: along headings, each within an embedder's window."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rag.blocks import Block, blocks, cut, introduces, weight
from rag.passages import Document, Passage

SIZE = 900  # in letters of prose, of which E5's 512 tokens hold at least 1,000
WINDOW = 1050  # for a passage with its title and headings


def passages(document: Document, size: int = SIZE) -> list[Passage]:
    """Returns the document's passages in order, each of at most `size` (`blocks.weight`)."""
    paged = "\f" in document.text
    most = WINDOW - weight(document.title)
    pieces = [
        piece
        for section in _joined(_sections(document), size)
        for piece in section.split(max(min(size, most - weight(section.heading)), size // 2))
    ] or [("", document.text.strip()[:size], 1)]
    return [
        Passage(
            f"{document.doc_id}#{n}",
            document.doc_id,
            document.title,
            heading,
            text,
            document.owner,
            document.date,
            page=page if paged else 0,
        )
        for n, (heading, text, page) in enumerate(pieces)
    ]


@dataclass(frozen=True, slots=True)
class _Section:
    """What stands under one heading: the path of headings above it, and its blocks, weighing `taken` together."""

    path: tuple[str, ...]
    blocks: tuple[Block, ...]
    taken: int

    @property
    def heading(self) -> str:
        return " > ".join(self.path)

    def split(self, size: int) -> Iterator[tuple[str, str, int]]:
        """Yields (heading, text, page) pieces, filling each with whole blocks as far as they fit."""
        if self.taken <= size:
            yield self.heading, "\n\n".join([block.text for block in self.blocks]), self.blocks[0].page
            return
        room, batch = size, list[Block]()
        for block in _cut(self.blocks, size):
            if batch and block.weight > room:
                yield self.heading, "\n\n".join([held.text for held in batch]), batch[0].page
                room, batch = size, []
            batch.append(block)
            room -= block.weight + 2
        yield self.heading, "\n\n".join([held.text for held in batch]), batch[0].page


def _cut(held: Iterable[Block], size: int) -> Iterator[Block]:
    """Yields the blocks, what introduces another together with it, and those too large in pieces."""
    before: Block | None = None
    for block in held:
        page = before.page if before else block.page
        whole = _together(before, block) if before else block
        if introduces(block.text) and whole.weight < size // 2:
            before = whole
            continue
        if whole.weight <= size:
            yield whole
        else:
            yield from (Block.of(piece, page) for piece in cut(block.text, size, before.text if before else ""))
        before = None
    if before:
        yield before


def _together(first: Block, second: Block) -> Block:
    return Block(f"{first.text}\n\n{second.text}", first.weight + second.weight + 2, first.page)


def _joined(sections: Iterable[_Section], size: int) -> Iterator[_Section]:
    """Joins neighbours too small to stand alone, keeping below the common path what sets them apart."""
    current: _Section | None = None
    for section in sections:
        if current is None:
            current = section
        elif min(current.taken, section.taken) < size // 3 and current.taken + section.taken <= size:
            current = _join(current, section)
        else:
            yield current
            current = section
    if current:
        yield current


def _join(first: _Section, second: _Section) -> _Section:
    common = next((n for n, pair in enumerate(zip(first.path, second.path, strict=False)) if pair[0] != pair[1]), None)
    depth = min(len(first.path), len(second.path)) if common is None else common
    return _section(first.path[:depth], [*_titled(first, depth), *_titled(second, depth)])


def _titled(section: _Section, depth: int) -> Iterator[Block]:
    if below := " > ".join(section.path[depth:]):
        yield Block.of(f"**{below}**", section.blocks[0].page)
    yield from section.blocks


def _sections(document: Document) -> Iterator[_Section]:
    """Yields what stands under each heading; headings with nothing below them go with what follows, in bold."""
    path: list[Block] = []
    held: list[Block] = []
    bare: list[Block] = []
    for block in blocks(document.text):
        if not block.level:
            held.append(block)
            continue
        if held:
            yield _section(_path(path, document.title), [*bare, *held])
            held, bare = [], []
        elif path and block.level <= path[-1].level:
            bare += _bare(path[-1:], document.title)
        path = [*(above for above in path if above.level < block.level), block]
    if held:
        yield _section(_path(path, document.title), [*bare, *held])
    elif bare := [*bare, *_bare(path, document.title)]:
        yield _section((), bare)


def _bare(path: list[Block], title: str) -> list[Block]:
    told = " > ".join(_path(path, title))
    return [Block.of(f"**{told}**", path[-1].page)] if told else []


def _section(path: tuple[str, ...], held: list[Block]) -> _Section:
    return _Section(path, tuple(held), sum([block.weight + 2 for block in held]))


def _path(path: list[Block], title: str) -> tuple[str, ...]:
    return tuple(heading.text for heading in path if heading.text != title)
