"""Tables of Markdown, and the same as aligned text where nothing better can be shown. Knows no network."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

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


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def _filled(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
