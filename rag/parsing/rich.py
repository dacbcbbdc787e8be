"""Reads what is no plain text: office files, PDF, web pages, mail, books; in a confined process (`sandbox.py`)."""

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import kreuzberg

from rag.errors import Unreadable
from rag.parsing import ooxml, spans
from rag.parsing.kinds import KINDS
from rag.parsing.parsed import Parsed, decoded, heading, named, word

CHARACTERS = 4_000_000
"""Of a file's text; what comes after is left out, and said to be."""
UNPACKED = 400 * 2**20
"""Bytes that an archive may unpack to, by what it says itself; memory bounds those that lie."""

_TEXTUAL = frozenset({".html", ".htm", ".xhtml", ".csv", ".tsv"})
_SOFTWARE = frozenset({"python-docx", "openpyxl", "PDFium"})
_UNTITLED = re.compile(r"|untitled|powerpoint presentation|microsoft \w+ - .*|.*\.(docx?|pptx?|xlsx?|pdf|indd)", re.I)
_HTML_HEAD = re.compile(r"\A---\n+(?:[\w:.-]+: .*\n+)*## [\w:.-]+: .*\n+")  # kreuzberg prints <head> into the text
_IMAGE = re.compile(r"\\?!\[[^\]\n]*\]\((?:<[^>\n]*>|[^)\n]*)\)")
_TAB = "&#9;"
_MARKER = re.compile(r"hausgeistpage\d+\s+")
_PAGES = {
    ".pdf": kreuzberg.PageConfig(extract_pages=True),
    ".pptx": kreuzberg.PageConfig(insert_page_markers=True, marker_format="\n\nhausgeistpage{page_num}\n\n"),
}
_PROBE = 40  # letters by which the beginning of a page is found in the text
_ENDINGS = {kind.mime_type: ending for ending, kind in KINDS.items()}


def parse_rich(path: Path, data: bytes, ocr: str = "") -> Parsed:
    """Reads a file's bytes as what they are, whatever its name says. Raises Unreadable.

    With `ocr`, languages as Tesseract names them (`eng+deu`), what the pages of a PDF without any text show is read.
    """
    ending = _ending(path, data)
    if data.startswith(b"PK"):
        _check_archive(data)
    if ending in _TEXTUAL:
        data = decoded(data).encode()
    if ending in (".html", ".htm", ".xhtml"):
        data = spans.filled(data)
    text, metadata, remark = _extracted(ending, data)
    if ocr and ending == ".pdf" and not any(map(str.isalnum, text)):
        text = _recognised(data, ocr)
    if ooxml.is_ours(ending):
        text = "\n\n".join(part for part in (text, *ooxml.left_out(data)) if part.strip())
    if not any(character.isalnum() for character in _IMAGE.sub("", text)):
        raise Unreadable(_why_empty(ending, data, metadata))
    if len(text) > CHARACTERS:
        text, remark = text[:CHARACTERS], f"only its first {CHARACTERS:,} characters are read"
    return _described(path, ending, text, metadata, remark)


def _ending(path: Path, data: bytes) -> str:
    """What the file is: by its bytes where they are plain about it, else by its name."""
    named_so = path.suffix.lower()
    if data.startswith((b"%PDF-", b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"{\\rtf")):
        try:
            found = _ENDINGS.get(kreuzberg.detect_mime_type(data), "")
        except (kreuzberg.KreuzbergError, RuntimeError, ValueError):
            found = ""  # an OLE file of no kind it knows: a mail, or something encrypted
        return named_so if not found or (named_so in KINDS and KINDS[named_so].name == KINDS[found].name) else found
    return named_so


def _check_archive(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, RuntimeError):
        return  # the parser says what is wrong with it
    if size > UNPACKED:
        raise Unreadable(f"it unpacks to more than {UNPACKED // 2**20} MB")


def _recognised(data: bytes, ocr: str) -> str:
    """What the pages of a PDF show, read off their pictures."""
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        force_ocr=True,
        ocr=kreuzberg.OcrConfig(backend="tesseract", language=ocr),
    )
    return str(_called(".pdf", data, config).content)


def _extracted(ending: str, data: bytes, *, images: bool = False) -> tuple[str, dict[str, Any], str]:
    """The text, what the file says about itself, and a remark on what of it could not be read."""
    config = kreuzberg.ExtractionConfig(
        output_format="markdown",
        use_cache=False,
        disable_ocr=True,  # type: ignore[call-arg]  # its stubs lack it
        pages=_PAGES.get(ending),
        images=kreuzberg.ImageExtractionConfig(extract_images=True) if images else None,
    )
    try:
        result = _called(ending, data, config)
    except Unreadable:
        if ending in (".pptx", ".pptm") and (text := ooxml.slides(data)):
            return text, {}, ""
        raise
    text = _HTML_HEAD.sub("", result.content).replace(_TAB, " ")
    if ending != ".pdf":
        return _MARKER.sub("\f", text).removeprefix("\f"), dict(result.metadata), ""
    pages = [str(page["content"]) for page in result.pages or []]
    return _paged(text, pages), dict(result.metadata) | {"images": result.images}, _unread(pages)


def _called(ending: str, data: bytes, config: kreuzberg.ExtractionConfig) -> kreuzberg.ExtractionResult:
    try:
        return kreuzberg.extract_bytes_sync(data, KINDS[ending].mime_type, config=config)
    except (kreuzberg.KreuzbergError, RuntimeError, ValueError, OSError) as error:
        raise Unreadable(_reason(ending, str(error))) from error


def _reason(ending: str, error: str) -> str:
    if re.search(r"password|encrypt", error, re.IGNORECASE):
        return "encrypted"
    return f"not a readable {KINDS[ending].name}"


def _paged(text: str, pages: Sequence[str]) -> str:
    """The text with a form feed before what begins a page; pages whose beginning is not found stay joined."""
    letters = [(at, character) for at, character in enumerate(text) if character.isalnum()]
    spelt, at, cuts = "".join(character for _, character in letters), 0, list[int]()
    feeds = 0
    for number, page in enumerate(pages):
        probe = "".join(filter(str.isalnum, page[: 8 * _PROBE]))[:_PROBE]
        found = spelt.find(probe, at) if probe else -1
        feeds += number > 0
        if found < 0:
            continue
        if feeds:
            cuts += [text.rfind("\n", 0, letters[found][0]) + 1] * feeds
        feeds, at = 0, found + len(probe)
    for cut in reversed(cuts):
        text = f"{text[:cut]}\f{text[cut:]}"
    return text


def _unread(pages: Sequence[str]) -> str:
    empty = [number for number, page in enumerate(pages, 1) if not any(map(str.isalnum, page))]
    if not empty or len(empty) == len(pages):
        return ""
    return f"no text on {'pages' if empty[1:] else 'page'} {_ranges(empty)} of {len(pages)}: scanned, or pictures"


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers in a row as spans: 3-5, 9."""
    rows: list[list[int]] = []
    for number in numbers:
        if rows and rows[-1][-1] == number - 1:
            rows[-1].append(number)
        else:
            rows.append([number])
    return ", ".join(f"{row[0]}-{row[-1]}" if len(row) > 1 else str(row[0]) for row in rows)


def _why_empty(ending: str, data: bytes, metadata: Mapping[str, Any]) -> str:
    if ending != ".pdf":
        return "no text found"
    pages = (metadata.get("pages") or {}).get("total_count") or 0
    try:
        shown = _extracted(ending, data, images=True)[1]["images"]
    except Unreadable:
        shown = None
    if shown:
        return f"a scan: pictures and no text on {'its one page' if pages == 1 else f'its {pages} pages'}"
    return "no text found"


def _described(path: Path, ending: str, text: str, metadata: Mapping[str, Any], remark: str) -> Parsed:
    title = word((metadata.get("core_properties") or {}).get("title") or metadata.get("title"))
    subject = word(metadata.get("subject")) if ending in (".eml", ".msg") else ""
    first = heading(text, 2 if ending in {".pptx", ".docx", ".doc", ".ppt"} else 1)
    authors = [name for name in _names(metadata.get("authors")) if name not in _SOFTWARE]
    return Parsed(
        title=subject or (title if not _UNTITLED.fullmatch(title) else "") or first or named(path),
        text=text,
        owner=word(authors[0]) if authors else "",
        date=word(metadata.get("modified_at") or metadata.get("created_at") or metadata.get("date"))[:10],
        remark=remark,
    )


def _names(authors: object) -> Iterator[str]:
    return (str(name) for name in authors) if isinstance(authors, list) else iter(())
