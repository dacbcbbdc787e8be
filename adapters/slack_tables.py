"""Tables: of Markdown, as Slack's own table block, or as aligned text where that cannot be. Knows no network."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from markdown_it import MarkdownIt
from markdown_it.token import Token
from slack_sdk.models.blocks import RawTextObject, RichTextBlock, TableBlock, TableBlockColumnSettings
from slack_sdk.models.blocks.block_elements import RichTextElementParts, RichTextSectionElement

ROWS: Final = 100  # with the header
COLUMNS: Final = 20
CELL: Final = 1_000  # characters; Slack names no limit for one, 10,000 for all
WIDTH: Final = 40  # a column of aligned text is filled up to this width at most

_parser: Final = (
    MarkdownIt("commonmark").enable(["table", "strikethrough"]).disable(["reference", "html_block", "image"])
)
_parser.disable(["html_inline"])
_STYLES: Final = {"strong_open": "bold", "em_open": "italic", "s_open": "strike"}


@dataclass(frozen=True, slots=True)
class Run:
    """Text of one look within a cell; `url` where it is a link."""

    text: str
    styles: tuple[str, ...] = ()
    url: str = ""


Cell = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first of its rows is the header. `aligns` has "left", "center" or "right" for each column."""

    rows: tuple[tuple[Cell, ...], ...]
    aligns: tuple[str, ...] = ()

    @property
    def native(self) -> bool:
        """Whether Slack can show its columns and cells."""
        return len(self.aligns) <= COLUMNS and all(len(read(cell)) <= CELL for row in self.rows for cell in row)

    def parts(self, room: int) -> Iterator["Table"]:
        """The table in as many as it needs for each block to be within the room; the header is repeated."""
        head, *rest = self.rows
        rows = [head]
        for row in rest:
            if len(rows) > 1 and (len(rows) == ROWS or _size([*rows, row]) > room):
                yield replace(self, rows=tuple(rows))
                rows = [head]
            rows.append(row)
        yield replace(self, rows=tuple(rows))

    def block(self) -> TableBlock:
        """Slack's block for it."""
        settings = [TableBlockColumnSettings(align=align, is_wrapped=True) for align in self.aligns]
        return TableBlock(rows=[[_block(cell) for cell in row] for row in self.rows], column_settings=settings)

    def aligned(self) -> str:
        """The table as lines of text in columns, for a block of code."""
        texts = [[read(cell).replace("```", "`\u200b`\u200b`") for cell in row] for row in self.rows]
        widths = [min(max(map(_width, column)), WIDTH) for column in zip(*texts, strict=True)]
        lines = ["  ".join(map(_filled, row, widths)).rstrip() for row in texts]
        return "\n".join([lines[0], "  ".join("-" * max(width, 1) for width in widths), *lines[1:]])


def segments(text: str) -> list[str | Table]:
    """Markdown as the prose and the tables that it is made of, in order; a table in a list or a quote is prose."""
    tokens = _parser.parse(text) if "|" in text else []
    lines = text.split("\n")
    found: list[str | Table] = []
    at = 0
    for index, token in enumerate(tokens):
        if token.type == "table_open" and token.level == 0 and token.map:
            found += ["\n".join(lines[at : token.map[0]]), table(tokens[index:])]
            at = token.map[1]
    return [part for part in [*found, "\n".join(lines[at:])] if not isinstance(part, str) or part.strip()]


def table(tokens: Sequence[Token]) -> Table:
    """The table with which the tokens begin."""
    rows: list[list[Cell]] = []
    aligns: list[str] = []
    for token in tokens:
        if token.type == "table_close":
            break
        if token.type == "tr_open":
            rows.append([])
        if token.type == "th_open":
            aligns.append(str(token.attrs.get("style", "left")).removeprefix("text-align:"))
        if token.type == "inline":
            rows[-1].append(tuple(_runs(token.children or [])))
    return Table(tuple(map(tuple, rows)), tuple(aligns))


def read(cell: Cell) -> str:
    """What people read in a cell."""
    return "".join(run.text for run in cell)


def _runs(tokens: Sequence[Token]) -> Iterator[Run]:
    styles: list[str] = []
    url = ""
    for token in tokens:
        if token.type in _STYLES:
            styles.append(_STYLES[token.type])
        elif token.type.replace("_close", "_open") in _STYLES:
            styles.pop()
        elif token.type in {"link_open", "link_close"}:
            url = str(token.attrs.get("href", ""))
        elif text := " " if token.type == "softbreak" else token.content:
            code = ("code",) if token.type == "code_inline" else ()
            yield Run(text, tuple(dict.fromkeys([*styles, *code])), url)


def _block(cell: Cell) -> RawTextObject | RichTextBlock:
    if not any(run.styles or run.url for run in cell):
        return RawTextObject(text=read(cell) or " ")
    return RichTextBlock(elements=[RichTextSectionElement(elements=[_element(run) for run in cell])])


def _element(run: Run) -> RichTextElementParts.Text | RichTextElementParts.Link:
    style: Any = RichTextElementParts.TextStyle(**dict.fromkeys(run.styles, True)) if run.styles else None
    if run.url.startswith(("https://", "http://")):
        return RichTextElementParts.Link(url=run.url, text=run.text, style=style)
    return RichTextElementParts.Text(text=run.text, style=style)


def _size(rows: Sequence[Sequence[Cell]]) -> int:
    """No less than the bytes that the rows take, and surely so where the cells are plain."""
    runs = [run for row in rows for cell in row for run in cell]
    texts = sum(
        len(run.text.encode()) + len(run.url.encode()) + run.text.count('"') + run.text.count("\\") for run in runs
    )
    styled = sum(130 + 20 * len(run.styles) for run in runs if run.styles or run.url)
    return texts + styled + sum(60 * len(row) for row in rows)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
