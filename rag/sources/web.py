"""A web site: the pages that its sitemap names or its links lead to, below the address, as robots.txt allows.

What each page was when it was last fetched is kept, so that the server need not send again what did not change.
"""

import json
import os
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from protego import Protego

from rag.errors import SourceError, Unreadable
from rag.labels import Labels
from rag.locks import alone
from rag.parsing.parse import parse
from rag.parsing.parsed import Parsed
from rag.sources.listing import Failure, Item, Place, Reach
from rag.sources.web_client import NAME, Answer, Client, Known
from rag.sources.web_pages import SITEMAP_LARGEST, Page, in_sitemap, same_site

PAGES = 20_000
BYTES = 4 * 2**30
SECONDS = 4 * 3600.0
SITEMAPS = 200
SLOWEST = 10.0  # seconds between two requests, whatever robots.txt asks for
DEAD = 5  # pages in a row that cannot be reached: the site is away
ROBOTS_LARGEST = 2**20
_ASSETS = (".css", ".js", ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".woff", ".woff2", ".mp4", ".zip")


@contextmanager
def opened_site(address: str, reach: Reach) -> Iterator[Place]:
    """Opens a site; raises SourceError where its robots.txt cannot be had."""
    room = reach.room(address)
    notes = room / "pages.json"
    with (
        alone(room),
        TemporaryDirectory(prefix="hg") as spool,
        closing(Client(address, Path(spool), reach.key(address), reach.pause)) as client,
    ):
        site = Site(address, client, _remembered(notes))
        try:
            yield site
        finally:
            _remember(notes, site.known)


@dataclass(slots=True)
class Site:
    """The pages of one site; `known` is what they were the last time, and what they are now."""

    address: str
    client: Client
    known: dict[str, Known]
    _robots: Any = None
    _bytes: int = 0
    _dead: int = 0
    _began: float = field(default_factory=time.monotonic)

    def labels(self) -> Labels:
        """A site says nothing of who may read what: the source's own groups hold."""
        return Labels()

    def items(self) -> Iterator[Item | Failure]:
        """Yields pages as they are found; whoever is asked for too much says where it stopped."""
        self._robots = self._rules()
        self.client.pause = max(self.client.pause, min(self._robots.crawl_delay(NAME) or 0.0, SLOWEST))
        listed = yield from self._listed()
        ahead, found = deque(listed or [self._form(self.address)]), set(listed or [self._form(self.address)])
        pages = 0
        while ahead:
            if pages >= PAGES or self._bytes > BYTES or time.monotonic() - self._began > SECONDS:
                yield Failure(
                    "…", f"stopped after {pages} pages, {self._bytes >> 20} MB: the rest is left", partial=True
                )
                return
            address, pages = ahead.popleft(), pages + 1
            links = yield from self._page(address)
            for link in links:
                if link not in found and (not listed or link in self._moved_to(address)) and self._ours(link):
                    found.add(link)
                    ahead.append(link)
        for gone in self.known.keys() - found:
            del self.known[gone]

    def _moved_to(self, address: str) -> tuple[str, ...]:
        """Where a page that the sitemap names has moved, which alone is followed then."""
        known = self.known.get(address)
        return known.links if known and not known.digest else ()

    def _rules(self) -> Any:
        """Reads robots.txt; a site that has none allows everything, one that does not answer allows nothing."""
        address = self._at("/robots.txt")
        try:
            answer = self.client.get(address, largest=ROBOTS_LARGEST)
            if answer.moved and (there := same_site(answer.moved, urlsplit(self.address))):  # to https, mostly
                answer = self.client.get(there, largest=ROBOTS_LARGEST)
        except Unreadable as error:
            raise SourceError(f"{self.address}: {error.reason}") from error
        if answer.status >= 500:
            raise SourceError(f"{self.address}: its robots.txt answers {answer.status}")
        text = answer.file.read_text("utf-8", "replace") if answer.file else ""
        return Protego.parse(text)

    def _listed(self) -> Generator[Failure, None, list[str]]:
        """Returns the pages that the sitemaps name, and yields a failure for each sitemap that cannot be read."""
        named = [self.address] if self.address.endswith((".xml", ".xml.gz")) else list(self._robots.sitemaps)
        ahead, read, pages = deque(named or [self._at("/sitemap.xml")]), set[str](), dict[str, None]()
        while ahead and len(read) < SITEMAPS and len(pages) < PAGES:
            address = same_site(ahead.popleft(), urlsplit(self.address))
            if not address or address in read:
                continue
            read.add(address)
            try:
                for another, found in self._sitemap(address):
                    if another:
                        ahead.append(found)
                    elif (form := same_site(found, urlsplit(self.address))) and self._ours(form):
                        pages[form] = None
            except Unreadable as error:
                yield Failure(address, error.reason, partial=True)
        return list(pages)

    def _sitemap(self, address: str) -> list[tuple[bool, str]]:
        answer = self.client.get(address, largest=SITEMAP_LARGEST)
        if answer.status >= 500:
            raise Unreadable(f"answers {answer.status}", passing=True)
        return list(in_sitemap(answer.file.read_bytes())) if answer.file else []

    def _page(self, address: str) -> Generator[Item | Failure, None, tuple[str, ...]]:
        """Yields the page, or why there is none, and returns where it leads."""
        name = self._name(address)
        if not self._robots.can_fetch(address, NAME):
            yield Failure(name, "its robots.txt asks not to read it")
            return ()
        try:
            answer = self.client.get(address, self.known.get(address))
        except Unreadable as error:
            self._dead += error.passing
            if self._dead >= DEAD:
                raise SourceError(f"{self.address}: {DEAD} pages {error.reason}") from error
            yield Failure(name, error.reason, keeps=name if error.passing else "")
            return ()
        self._dead = 0
        if answer.moved:
            return (yield from self._elsewhere(address, name, answer.moved))
        if answer.status not in (200, 304):
            yield Failure(name, f"answers {answer.status}", keeps="" if answer.status in (404, 410) else name)
            return ()
        self._bytes += answer.size
        known = self.known[address] = _read(address, answer)
        if known.wanted:
            load = partial(parse, answer.file) if answer.file else partial(self._again, address)
            yield Item(name, known.digest, load, address)
        else:
            yield Failure(name, "it asks not to be indexed")
        return tuple(filter(None, (same_site(link, urlsplit(self.address)) for link in known.links)))

    def _elsewhere(self, address: str, name: str, moved: str) -> Generator[Failure, None, tuple[str, ...]]:
        """Follows a page that moved within the site, and says of others where they went."""
        target = same_site(moved, urlsplit(self.address))
        if address == self._form(self.address) and not (target and self._ours(target)):
            raise SourceError(f"{self.address} leads to {moved[:200]}: ingest that instead")
        if not target:
            yield Failure(name, "leads to another server")
            return ()
        self.known[address] = Known("", links=(target,))
        return (target,)

    def _again(self, address: str) -> Parsed:
        """Fetches a page that did not change, for an index that does not have it."""
        answer = self.client.get(address)
        if not answer.file:
            raise Unreadable(f"answers {answer.status}", passing=True)
        return parse(answer.file)

    def _ours(self, address: str) -> bool:
        """Whether a page lies below the site's address, and may be a document."""
        top = urlsplit(self.address).path
        path = urlsplit(address).path
        inside = self.address.endswith((".xml", ".xml.gz")) or path.startswith(top[: top.rfind("/") + 1] or "/")
        return inside and not path.lower().endswith(_ASSETS)

    def _form(self, address: str) -> str:
        return same_site(address, urlsplit(self.address))

    def _at(self, path: str) -> str:
        where = urlsplit(self.address)
        return urlunsplit((where.scheme, where.netloc, path, "", ""))

    def _name(self, address: str) -> str:
        where = urlsplit(address)
        return (where.path.lstrip("/") or "index") + (f"?{where.query}" if where.query else "")


def _read(address: str, answer: Answer) -> Known:
    """What is to be kept of a page."""
    if not answer.file or answer.file.suffix not in (".html", ".htm"):
        return answer.known
    page = Page(address, answer.file.read_text("utf-8", "replace"))
    return replace(answer.known, links=tuple(page.links), wanted=answer.known.wanted and page.wanted)


def _remembered(notes: Path) -> dict[str, Known]:
    try:
        return {
            address: Known(**{**said, "links": tuple(said["links"])})
            for address, said in json.loads(notes.read_bytes()).items()
        }
    except (OSError, ValueError, TypeError, KeyError, AttributeError):  # then every page is sent once more
        return {}


def _remember(notes: Path, known: dict[str, Known]) -> None:
    fresh = notes.with_suffix(".new")
    with suppress(OSError):
        fresh.write_text(json.dumps({address: asdict(it) for address, it in known.items()}), "utf-8")
        os.replace(fresh, notes)  # noqa: PTH105
