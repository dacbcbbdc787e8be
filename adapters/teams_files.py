"""Files in Teams: their bytes, fetched from the company's SharePoint by links that need no token, and nowhere else."""

import asyncio
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp
from yarl import URL

from adapters.teams_wire import FAILURES, PLAIN, loopback, proxy_to, read, session
from bot.events import File, Turn
from bot.files import LARGEST, NotFetched, largest

SECONDS: Final = 10.0  # for one file with a question; one that may be larger has longer
HOPS: Final = 3
LONGEST_LINK: Final = 8192  # characters; what lets us in stands in the link

# SharePoint and OneDrive for Business, in each of Microsoft's clouds, and where they keep what they convert.
HOSTS: Final = (
    ".sharepoint.com",
    ".sharepoint.us",
    ".sharepoint-mil.us",
    ".sharepoint.cn",
    ".sharepoint.de",
    ".svc.ms",
)
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


class TeamsFiles:
    """Fetches files without any token of ours; `insecure` lets links lead to this machine too."""

    def __init__(self, *, insecure: bool = False, seconds: float = SECONDS) -> None:
        self._insecure = insecure
        self._seconds = seconds

    async def fetch(self, file: File, turn: Turn) -> bytes:
        """The file's bytes. Raises NotFetched."""
        if not file.link:
            raise NotFetched("external")
        try:
            seconds = self._seconds * largest(turn) / LARGEST
            async with asyncio.timeout(seconds):
                return await self._fetched(file, largest(turn), seconds)
        except FAILURES:
            raise NotFetched("unreachable") from None

    async def _fetched(self, file: File, most: int, seconds: float) -> bytes:
        """Follows redirects by hand, as far as they stay where files may be."""
        url = file.link
        async with session(seconds) as http:
            for _ in range(HOPS):
                if not self._trusted(url):
                    raise NotFetched("external")
                where = URL(url, encoded=True)  # what is signed in it must stay as it is
                async with http.get(where, headers=PLAIN, proxy=proxy_to(url), allow_redirects=False) as response:
                    if response.status not in _REDIRECTS:
                        return await _body(response, file, most, moved=url != file.link)
                    url = urljoin(url, response.headers.get("Location", ""))
        raise NotFetched("unreachable")

    def _trusted(self, url: str) -> bool:
        """Whether a link leads to where files may be; one that two parsers could read differently does not."""
        if len(url) > LONGEST_LINK or not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
            return False
        parts = urlsplit(url)
        host = parts.hostname or ""
        if "@" in parts.netloc or not host.replace("-", "").replace(".", "").isalnum():
            return False
        if self._insecure and loopback(host):
            return parts.scheme in {"http", "https"}
        return parts.scheme == "https" and _port(parts) == 443 and any(host.endswith(one) for one in HOSTS)


def _port(parts: SplitResult) -> int:
    return parts.port or 443


async def _body(response: aiohttp.ClientResponse, file: File, most: int, *, moved: bool) -> bytes:
    """The file itself; SharePoint answers with its page for signing in where the link lets nobody in any more."""
    if response.status in {401, 403}:
        raise NotFetched("external")
    if response.status in {404, 410}:
        raise NotFetched("gone")
    if response.status != 200:
        raise NotFetched("unreachable")
    if response.content_type == "text/html" and (moved or not _is_page(file)):
        raise NotFetched("external")
    if (response.content_length or 0) > most:
        raise NotFetched("large")
    try:
        return await read(response, most)
    except ValueError:
        raise NotFetched("large") from None


def _is_page(file: File) -> bool:
    return file.kind == "text/html" or file.name.lower().endswith((".html", ".htm"))
