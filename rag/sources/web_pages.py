"""What pages of the web say about others: addresses in sitemaps, links in pages, and whether they may be followed."""

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import SplitResult, quote, urljoin, urlsplit, urlunsplit
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from rag.errors import Unreadable

SITEMAP_LARGEST = 64 * 2**20  # bytes, unpacked; the standard allows 50 MB
LONGEST = 2000  # characters of an address
_SAFE = "/%:=&?~#+!$,;'@()*[]"


def same_site(address: str, site: SplitResult) -> str:
    """The address in one form, without what follows `#`; empty where it leads to another server than the site's."""
    try:
        parts = urlsplit(address.strip())
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
        own = site.port or {"http": 80, "https": 443}[site.scheme]
    except ValueError:
        return ""
    if len(address) > LONGEST or parts.hostname != site.hostname or parts.username:
        return ""
    safer = (site.scheme, own, parts.scheme, port) == ("http", 80, "https", 443)
    if (parts.scheme, port) != (site.scheme, own) and not safer:
        return ""
    path = quote(parts.path or "/", safe=_SAFE)
    return urlunsplit((parts.scheme, parts.netloc.lower(), path, quote(parts.query, safe=_SAFE), ""))


def in_sitemap(data: bytes) -> Iterator[tuple[bool, str]]:
    """Yields each address of a sitemap, and whether it is that of another sitemap; raises Unreadable."""
    try:
        for _, element in iterparse(io.BytesIO(_unpacked(data)), forbid_dtd=True):
            kind = element.tag.rpartition("}")[2]
            if kind in ("url", "sitemap"):
                found = next((it.text for it in element if it.tag.rpartition("}")[2] == "loc"), None)
                if found:
                    yield kind == "sitemap", found.strip()
                element.clear()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Unreadable("not a readable sitemap") from error


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            unpacked = packed.read(SITEMAP_LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable("not a readable sitemap") from error
    if len(unpacked) > SITEMAP_LARGEST:
        raise Unreadable(f"a sitemap larger than {SITEMAP_LARGEST // 2**20} MB")
    return unpacked


class Page(HTMLParser):
    """A page's `links`, made absolute; none where it asks not to be followed. `wanted`: it may be taken in."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self._base = address
        self._followed = self.wanted = True
        self._links: dict[str, None] = {}
        self.feed(html)

    @property
    def links(self) -> list[str]:
        """Every address that the page leads to, once each."""
        return list(self._links) if self._followed else []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes note of links, of the address they start from, and of what robots are asked."""
        said = {name: value or "" for name, value in attrs}
        if tag == "base" and said.get("href"):
            self._base = _joined(self._base, said["href"])
        elif tag == "meta" and said.get("name", "").lower() == "robots":
            asked = re.findall(r"\w+", said.get("content", "").lower())
            self.wanted &= not {"noindex", "none"} & set(asked)
            self._followed &= not {"nofollow", "none"} & set(asked)
        elif tag == "a" and said.get("href") and "nofollow" not in said.get("rel", "").lower():
            self._links[_joined(self._base, said["href"])] = None


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return ""
