"""Tables as Slack's own table block. Knows no network."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from slack_sdk.models.blocks import RawTextObject, RichTextBlock, TableBlock, TableBlockColumnSettings
from slack_sdk.models.blocks.block_elements import RichTextElementParts, RichTextSectionElement

from adapters.markdown_tables import Cell, Run, Table, read

ROWS: Final = 100  # with the header
COLUMNS: Final = 20
CELL: Final = 1_000  # characters; Slack names no limit for one, 10,000 for all


def native(table: Table) -> bool:
    """Whether Slack can show its columns and cells."""
    return len(table.aligns) <= COLUMNS and all(len(read(cell)) <= CELL for row in table.rows for cell in row)


def parts(table: Table, room: int) -> Iterator[Table]:
    """The table in as many as it needs for each block to be within the room; the header is repeated."""
    head, *rest = table.rows
    rows = [head]
    for row in rest:
        if len(rows) > 1 and (len(rows) == ROWS or _size([*rows, row]) > room):
            yield replace(table, rows=tuple(rows))
            rows = [head]
        rows.append(row)
    yield replace(table, rows=tuple(rows))


def block(table: Table) -> TableBlock:
    """Slack's block for it."""
    settings = [TableBlockColumnSettings(align=align, is_wrapped=True) for align in table.aligns]
    return TableBlock(rows=[[_block(cell) for cell in row] for row in table.rows], column_settings=settings)


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
