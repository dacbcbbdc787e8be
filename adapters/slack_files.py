"""Files in Slack: which came with a message, and their bytes, fetched with our token from Slack and nowhere else."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

import aiohttp

from adapters.slack_payload import Payload, string
from adapters.slack_refusals import NotTaken
from bot.events import File, Turn
from bot.files import LARGEST, NotFetched, largest

MOST: Final = 20  # files of one message; Slack takes ten
SECONDS: Final = 10.0  # for one file with a question; one that may be larger has longer
HOPS: Final = 3

_GONE: Final = frozenset({"tombstone", "hidden_by_limit"})
_CONNECT: Final = "slack-connect:"  # in place of a link, which Slack gives only on request
_HOSTS: Final = ("slack.com", "slack-files.com")
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})


def files_of(event: Payload) -> tuple[File, ...]:
    """The files of a message; one that cannot be had is named all the same."""
    files = event.get("files")
    listed = files if isinstance(files, list) else []
    return tuple(_file(one) for one in listed[:MOST] if isinstance(one, dict))


def _file(one: Payload) -> File:
    size = one.get("size")
    whole = size if isinstance(size, int) and size > 0 else 0
    return File(string(one, "name") or string(one, "title"), string(one, "mimetype"), whole, _link(one))


def _link(one: Payload) -> str:
    if string(one, "file_access") == "check_file_info":
        return _CONNECT
    if string(one, "mode") in _GONE:
        return ""
    return string(one, "url_private_download") or string(one, "url_private")


class SlackFiles:
    """Fetches files with the token that `token_of` gives for a turn; `proxy` as the Slack client uses it."""

    def __init__(
        self,
        token_of: Callable[[Turn], Awaitable[str]],
        api_url: str,
        proxy: str | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._token_of = token_of
        self._api = urlsplit(api_url)
        self._proxy = proxy
        self._seconds = seconds

    async def fetch(self, file: File, turn: Turn) -> bytes:
        """The file's bytes. Raises NotFetched."""
        if file.link.startswith(_CONNECT):
            raise NotFetched("elsewhere")
        if not file.link:
            raise NotFetched("gone")
        try:
            async with asyncio.timeout(self._seconds * largest(turn) / LARGEST):
                token = await self._token_of(turn)
                return await self._fetched(file, {"Authorization": f"Bearer {token}"}, largest(turn))
        except (aiohttp.ClientError, TimeoutError, ValueError, NotTaken):
            raise NotFetched("unreachable") from None

    async def _fetched(self, file: File, headers: dict[str, str], most: int) -> bytes:
        """Follows redirects by hand: the token goes to Slack's hosts alone."""
        url = file.link
        plain = {**headers, "Accept-Encoding": "identity"}  # what is not compressed cannot swell
        async with aiohttp.ClientSession(auto_decompress=False) as http:
            for _ in range(HOPS):
                if not self._trusted(urlsplit(url)):
                    raise NotFetched("external")
                async with http.get(url, headers=plain, proxy=self._proxy, allow_redirects=False) as response:
                    if response.status not in _REDIRECTS:
                        return await _body(response, file, most, moved=url != file.link)
                    url = urljoin(url, response.headers.get("Location", ""))
        raise NotFetched("unreachable")

    def _trusted(self, url: SplitResult) -> bool:
        """Whether a link leads to Slack, or to what stands in its place."""
        host = url.hostname or ""
        own = self._api.hostname or ""
        if (url.scheme, host, url.port) == (self._api.scheme, own, self._api.port):
            return True
        ours = _HOSTS if own in {"", "slack.com", "www.slack.com"} else (*_HOSTS, own)
        return url.scheme == "https" and any(host == one or host.endswith(f".{one}") for one in ours)


async def _body(response: aiohttp.ClientResponse, file: File, most: int, *, moved: bool) -> bytes:
    """The file itself; Slack answers with its page for signing in where we lack the scope."""
    if response.status in {401, 403}:
        raise NotFetched("scope")
    if response.status in {404, 410}:
        raise NotFetched("gone")
    if response.status != 200:
        raise NotFetched("unreachable")
    if response.content_type == "text/html" and (moved or file.kind != "text/html"):
        raise NotFetched("scope")
    data = bytearray()
    async for piece in response.content.iter_chunked(2**16):
        data += piece
        if len(data) > most:
            raise NotFetched("large")
    return bytes(data)
