"""The XML export of a Confluence space: its current pages, with the groups that restrictions leave as readers."""

import hashlib
import html
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rag.errors import SourceError, Unreadable
from rag.labels import Labels
from rag.parsed import Parsed
from rag.sources.listing import Failure, Item, Said
from rag.sources.spool import spooled

ENTITIES = "entities.xml"
LARGEST = 8 * 2**30  # bytes of the export, unpacked
IN_MEMORY = 16 * 2**20
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
    """What the export holds: pages by id, the text of bodies by page, and who alone may see a page."""

    pages: dict[str, _Page] = field(default_factory=dict)
    bodies: dict[str, str] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)  # of restrictions on seeing: the page
    rules: list[tuple[str, str]] = field(default_factory=list)  # the set, and the group or nothing for a person


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
        read = self._read()
        restricted = _restrictions(read)
        for number, page in sorted(read.pages.items(), key=lambda it: (it[1].title, it[0])):
            name = f"{page.title or 'page'} ({number})"
            groups = _readers(number, read, restricted)
            if groups is not None and not groups:
                yield Failure(name, "restricted to single persons: nobody would find it here")
                continue
            text = read.bodies.get(number, "")
            version = hashlib.sha256(f"{page.title}\0{text}".encode("utf-8", "replace")).hexdigest()
            said = Said(title=page.title, date=page.date, groups=groups)
            yield Item(name, version, partial(_parsed, page.title, text), f"{self.path}/{number}", said)

    def _read(self) -> _Read:
        """Reads the export; raises SourceError where it is broken, since then rights may be missing."""
        read = _Read()
        try:
            with SpooledTemporaryFile(IN_MEMORY) as file:
                size = 0
                for piece in self.opened():
                    size += file.write(piece)
                    if size > LARGEST:
                        raise SourceError(f"{self.path}: {ENTITIES} is larger than {LARGEST >> 30} GB")
                file.seek(0)
                for _, element in iterparse(io.BufferedReader(file), forbid_dtd=True):
                    if element.tag == "object":
                        _note(element, read)
                        element.clear()
        except (ParseError, DefusedXmlException, Unreadable, ValueError) as error:
            raise SourceError(f"{self.path}: {ENTITIES} cannot be read to its end") from error
        return read


def _note(element: Element, read: _Read) -> None:
    """Takes from one object of the export what we need of it."""
    said = {it.get("name", ""): _value(it) for it in element if it.tag == "property"}
    number = _value(element)
    match element.get("class"):
        case "Page" | "BlogPost" if _current(said):
            date = said.get("lastModificationDate", "")[:10]
            read.pages[number] = _Page(" ".join(said.get("title", "").split()), date, said.get("parent", ""))
        case "BodyContent":
            read.bodies[said.get("content", "")] = said.get("body", "")
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


def _parsed(title: str, body: str) -> Parsed:
    """Parses a page as the web page that it nearly is."""
    text = _CDATA.sub(lambda found: f"<pre>{html.escape(found[1])}</pre>", _MACRO_SETTING.sub("", body))
    page = f'<html><head><meta charset="utf-8"><title>{html.escape(title)}</title></head><body>{text}</body></html>'
    return spooled("page.html", [page.encode("utf-8", "replace")])
