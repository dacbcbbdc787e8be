"""The XML export of a Confluence space: its current pages, with the groups that restrictions leave as readers."""

import hashlib
import html
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rag.errors import SourceError, Unreadable
from rag.labels import Labels
from rag.parsing.parsed import Parsed
from rag.sources.listing import Failure, Item, Said
from rag.sources.spool import spooled

ENTITIES = "entities.xml"
LARGEST = 64 * 2**20  # bytes of one object of the export, such as the text of a page
DEEPEST = 100  # pages above a page
_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]\s?>", re.DOTALL)
_MACRO_SETTING = re.compile(r"<ac:parameter\b[^>]*>.*?</ac:parameter>", re.DOTALL)


@dataclass(slots=True)
class _Page:
    """A page as the export tells it; `above` is the page that it stands under."""

    title: str
    date: str
    above: str
    body: str = ""


@dataclass(slots=True)
class _Read:
    """What the export holds: pages by id, where in `texts` the body of a page stands, and who alone may see a page."""

    texts: IO[bytes]
    pages: dict[str, _Page] = field(default_factory=dict)
    bodies: dict[str, tuple[int, int]] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)  # of restrictions on seeing: the page
    rules: list[tuple[str, str]] = field(default_factory=list)  # the set, and the group or nothing for a person

    def keep(self, page: str, body: str) -> None:
        """Puts the body of a page where it takes no memory."""
        data = body.encode("utf-8", "replace")
        self.bodies[page] = self.texts.seek(0, io.SEEK_END), self.texts.write(data)

    def body(self, page: str) -> bytes:
        """The body of a page, empty if it has none."""
        begin, size = self.bodies.get(page, (0, 0))
        self.texts.seek(begin)
        return self.texts.read(size)


@dataclass(frozen=True, slots=True)
class Space:
    """The pages of one space."""

    path: Path
    opened: Callable[[], Iterator[bytes]]

    def labels(self) -> Labels:
        """An export of Confluence has none."""
        return Labels()

    def items(self) -> Iterator[Item | Failure]:
        """Yields every current page under its title; one that only single persons may see is not taken in."""
        with TemporaryFile() as texts:
            read = self._read(_Read(texts))
            restricted = _restrictions(read)
            for number, page in sorted(read.pages.items(), key=lambda it: (it[1].title, it[0])):
                name = f"{page.title or 'page'} ({number})"
                groups = _readers(number, read, restricted)
                if groups is not None and not groups:
                    yield Failure(name, "restricted to single persons: nobody would find it here")
                    continue
                version = hashlib.sha256(page.title.encode("utf-8", "replace") + b"\0" + read.body(number)).hexdigest()
                said = Said(title=page.title, date=page.date, groups=groups)
                yield Item(name, version, partial(_parsed, page.title, read, number), f"{self.path}/{number}", said)

    def _read(self, read: _Read) -> _Read:
        """Reads the export; raises SourceError where it is broken, since then rights may be missing."""
        try:
            for element in _objects(self.opened()):
                _note(element, read)
        except (ParseError, DefusedXmlException, Unreadable, ValueError) as error:
            raise SourceError(f"{self.path}: {ENTITIES} cannot be read to its end: {error}") from error
        return read


class _Stream:
    """Pieces as a file, as the parser wants it; `since` are the bytes since the last object ended."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self.since = pieces, 0

    def read(self, _size: int = -1) -> bytes:
        """The next piece; raises ValueError where one object takes too many."""
        piece = next(self._pieces, b"")
        self.since += len(piece)
        if self.since > LARGEST:
            raise ValueError(f"an object larger than {LARGEST >> 20} MB")
        return piece


def _objects(pieces: Iterator[bytes]) -> Iterator[Element]:
    """Yields the objects of the export one after the other, and lets go of each."""
    stream, top = _Stream(pieces), None
    for event, element in iterparse(stream, ("start", "end"), forbid_dtd=True):
        if top is None:
            top = element
        elif event == "end" and element.tag == "object":
            yield element
            stream.since = 0
            top.clear()


def _note(element: Element, read: _Read) -> None:
    """Takes from one object of the export what we need of it."""
    said = {it.get("name", ""): _value(it) for it in element if it.tag == "property"}
    number = _value(element)
    match element.get("class"):
        case "Page" | "BlogPost" if _current(said):
            date = said.get("lastModificationDate", "")[:10]
            read.pages[number] = _Page(" ".join(said.get("title", "").split()), date, said.get("parent", ""))
        case "BodyContent":
            read.keep(said.get("content", ""), said.get("body", ""))
        case "ContentPermissionSet" if said.get("type") == "View":
            read.sets[number] = said.get("owningContent", "")
        case "ContentPermission" if said.get("type") == "View":
            read.rules.append((said.get("owningSet", ""), said.get("groupName", "")))


def _current(said: dict[str, str]) -> bool:
    """Whether it is what readers see now: no draft, nothing thrown away, no older version."""
    return said.get("contentStatus", "current") == "current" and not said.get("originalVersion")


def _value(element: Element) -> str:
    """The text of a property, or the id of what it refers to."""
    found = element.find("id")
    return ((found.text if found is not None else element.text) or "").strip()


def _restrictions(read: _Read) -> dict[str, frozenset[str]]:
    """The groups that may see each restricted page: none where it names single persons only."""
    groups: dict[str, frozenset[str]] = dict.fromkeys(read.sets.values(), frozenset())
    for number, group in read.rules:
        page = read.sets.get(number, "")
        groups[page] = groups.get(page, frozenset()) | (frozenset({group}) if group else frozenset())
    return groups


def _readers(number: str, read: _Read, restricted: dict[str, frozenset[str]]) -> frozenset[str] | None:
    """Who may see a page under all pages above it: groups that each restriction names; None where there is none."""
    groups: frozenset[str] | None = None
    for _ in range(DEEPEST):
        if number in restricted:
            groups = restricted[number] if groups is None else groups & restricted[number]
        if number not in read.pages or not read.pages[number].above:
            return groups
        number = read.pages[number].above
    return frozenset()


def _parsed(title: str, read: _Read, number: str) -> Parsed:
    """Parses a page as the web page that it nearly is."""
    body = _MACRO_SETTING.sub("", read.body(number).decode("utf-8"))
    text = _CDATA.sub(lambda found: f"<pre>{html.escape(found[1])}</pre>", body)
    page = f'<html><head><meta charset="utf-8"><title>{html.escape(title)}</title></head><body>{text}</body></html>'
    return spooled("page.html", [page.encode("utf-8", "replace")])
