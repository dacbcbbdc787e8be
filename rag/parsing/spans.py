"""Prepares a web page for its parser: cells that span others are repeated in each, what is hidden is taken out."""

import re
from copy import deepcopy
from typing import Any

from lxml import etree, html

WIDEST = 100
"""Cells that one may span, and rows."""
MOST_CELLS = 20_000
"""Cells of a table that is filled; a larger one stays as it is."""

_HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])", re.I
)


def filled(data: bytes) -> bytes:
    """The page with each cell in every place that it spans, so that a row can be read alone, and nothing hidden."""
    try:
        root = html.document_fromstring(
            data.decode("utf-8", "replace"), parser=html.HTMLParser(encoding="utf-8", huge_tree=False)
        )
    except (etree.LxmlError, ValueError, AssertionError):
        return data
    for element in root.xpath("//*[@hidden or @style]"):
        if element.getparent() is not None and (
            element.get("hidden") is not None or _HIDDEN.search(element.get("style", ""))
        ):
            element.drop_tree()
    for table in root.xpath("//table[.//*[@rowspan or @colspan]][not(.//table)]"):
        _fill(table)
    return bytes(etree.tostring(root, encoding="utf-8", method="html"))


def _fill(table: Any) -> None:
    rows = table.xpath("./tr | ./thead/tr | ./tbody/tr | ./tfoot/tr")
    grid: dict[tuple[int, int], Any] = {}
    for y, row in enumerate(rows):
        x = 0
        for cell in row.xpath("./td | ./th"):
            while (y, x) in grid:
                x += 1
            wide, high = _span(cell, "colspan"), min(_span(cell, "rowspan"), len(rows) - y)
            if len(grid) + wide * high > MOST_CELLS:
                return
            grid |= {(y + down, x + along): cell for down in range(high) for along in range(wide)}
            x += wide
    for y, row in enumerate(rows):
        for cell in list(row):
            row.remove(cell)
        for x in sorted(x for line, x in grid if line == y):
            row.append(_copy(grid[y, x]))


def _span(cell: Any, name: str) -> int:
    said = str(cell.get(name, "1")).strip()
    return min(max(int(said), 1), WIDEST) if said.isdecimal() else 1


def _copy(cell: Any) -> Any:
    copied = deepcopy(cell)
    copied.tail = None
    for name in ("rowspan", "colspan"):
        copied.attrib.pop(name, None)
    return copied
