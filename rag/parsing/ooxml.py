"""What kreuzberg leaves out of office files: charts, comments on cells, text in shapes, and slides it cannot read."""

import io
import re
import zipfile
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from lxml import etree

LARGEST = 20 * 2**20
"""Bytes of a part that is read; a larger one is no chart."""
MOST = 200
"""Parts of a kind that are read, and rows of a chart."""

_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
_BROKEN = (
    zipfile.BadZipFile,
    etree.LxmlError,
    KeyError,
    ValueError,
    NotImplementedError,
    EOFError,
    RuntimeError,
    OSError,
)
_SLIDE = re.compile(r"ppt/slides/slide(\d+)\.xml")


def is_ours(ending: str) -> bool:
    """Whether files of this ending are such archives."""
    return ending in (".docx", ".docm", ".xlsx", ".xlsm", ".pptx", ".pptm")


def left_out(data: bytes) -> list[str]:
    """Charts as tables, and comments and text in shapes as paragraphs, each as Markdown."""
    found = [_chart(root) for root in _parts(data, r"(word|xl|ppt)/charts/chart\d*\.xml")]
    found += [
        _paragraphs(root, "comment")
        for root in _parts(data, r"(word/comments|xl/comments\d*|xl/threadedComments/.*)\.xml")
    ]
    found += [_paragraphs(root, "txBody") for root in _parts(data, r"xl/drawings/drawing\d*\.xml")]
    found += [_paragraphs(root, "hdr", "ftr") for root in _parts(data, r"word/(header|footer)\d*\.xml")]
    return list(dict.fromkeys(text for text in found if text.strip()))


def slides(data: bytes) -> str:
    """The paragraphs of each slide, in order; empty where there are none."""
    pages = [_paragraphs(root, "txBody", "tbl") for root in _parts(data, _SLIDE.pattern)]
    return "\f".join(pages) if any(page.strip() for page in pages) else ""


def _parts(data: bytes, pattern: str) -> Iterator[Any]:
    """The roots of the parts of that name, by the numbers in their names; a broken one is left out."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            named = [entry for entry in archive.infolist() if re.fullmatch(pattern, entry.filename)]
            named.sort(key=lambda entry: [int(number) for number in re.findall(r"\d+", entry.filename)])
            for entry in named[:MOST]:
                if entry.file_size <= LARGEST and (root := _root(archive, entry)) is not None:
                    yield root
    except _BROKEN:
        return


def _root(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Any:
    try:
        return etree.fromstring(archive.read(entry), _PARSER)
    except _BROKEN:
        return None


def _chart(root: Any) -> str:
    """A chart's title and its values as a table: a column a series, a row a category."""
    title = " ".join(_said(root, ".//*[local-name()='chart']/*[local-name()='title']//*[local-name()='t']/text()"))
    names, columns, rows = list[str](), list[list[str]](), list[str]()
    for series in root.xpath(".//*[local-name()='ser']"):
        names.append(" ".join(_said(series, "./*[local-name()='tx']//*[local-name()='v']/text()")))
        rows = rows or _said(series, "./*[local-name()='cat' or local-name()='xVal']//*[local-name()='v']/text()")
        columns.append(_said(series, "./*[local-name()='val' or local-name()='yVal']//*[local-name()='v']/text()"))
    if not any(columns):
        return title
    lines = [["", *names], ["---"] * (len(names) + 1)]
    lines += [list(row) for row in zip_longest(rows, *columns, fillvalue="")][:MOST]
    return "\n".join([*([title, ""] if title else []), *(f"| {' | '.join(map(_cell, line))} |" for line in lines)])


def _said(root: Any, path: str) -> list[str]:
    return [str(text).strip() for text in root.xpath(path)]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _paragraphs(root: Any, *names: str) -> str:
    """The text beneath the elements of these names, a paragraph each."""
    wanted = " or ".join(f"local-name()='{name}' or local-name()='threadedComment'" for name in names)
    found = []
    for element in root.xpath(f"descendant-or-self::*[{wanted}]"):
        paragraphs = element.xpath(".//*[local-name()='p']") or [element]
        found += [
            "".join(paragraph.xpath(".//*[local-name()='t' or local-name()='text']/text()")) for paragraph in paragraphs
        ]
    return "\n\n".join(text.strip() for text in found if text.strip())
