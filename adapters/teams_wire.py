"""The way to Microsoft's hosts: through the proxy and with the authorities that the environment names, under deadlines.

`requests` is asked for what it would take from the environment, so that signing in and speaking go the same way.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import orjson
import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from yarl import URL

# Together less than a call may take in all.
SECONDS: Final = 7.5
CONNECT_SECONDS: Final = 3.0
IDLE_SECONDS: Final = 15  # that a connection is kept: far less than Microsoft keeps it
_CONNECTIONS: Final = 64
_HOSTS: Final = 32
_LONGEST: Final = 1 << 20  # bytes of an answer

PLAIN: Final = {"Accept-Encoding": "identity"}  # what is not compressed cannot swell
FAILURES: Final = (aiohttp.ClientError, TimeoutError, ValueError, OSError)  # of everything here


@dataclass(frozen=True, slots=True)
class Reply:
    """What a host answered; `said` is empty where it said nothing that we read, None where that is a page."""

    status: int
    headers: Mapping[str, str]
    said: Mapping[str, Any] | None


class Wire:
    """Calls over connections that are kept, opened in the loop that calls first."""

    def __init__(self) -> None:
        self._pool: aiohttp.ClientSession | None = None
        self._proxies: dict[str, str | None] = {}

    async def call(self, method: str, url: str, token: str = "", said: object = None) -> Reply:
        """Calls once, follows no redirect. Raises one of FAILURES; what was said may have arrived all the same."""
        if self._pool is None or self._pool.closed:
            self._pool = session(SECONDS)
        where, headers = URL(url, encoded=True), {**PLAIN, "Accept": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if said is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
        async with self._pool.request(
            method,
            where,
            data=None if said is None else orjson.dumps(said),
            headers=headers,
            proxy=self._proxy(where),
            allow_redirects=False,
        ) as response:
            body = await read(response, _LONGEST)
            return Reply(response.status, response.headers, _object(body))

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""
        pool, self._pool = self._pool, None
        if pool:
            await pool.close()

    def _proxy(self, url: URL) -> str | None:
        """Looked up once for each host: asking the environment takes as long as the rest of a call."""
        place = f"{url.scheme}://{url.raw_host}"
        if place not in self._proxies:
            if len(self._proxies) == _HOSTS:
                self._proxies.clear()
            self._proxies[place] = proxy_to(place)
        return self._proxies[place]


def session(seconds: float) -> aiohttp.ClientSession:
    """Connections of one's own; a request, with its answer, takes no longer than `seconds`."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=_CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ssl=authorities()),
        timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
    )


async def document(url: str, seconds: float) -> Any:
    """The JSON document at a URL. Raises one of FAILURES."""
    async with session(seconds) as http, http.get(url, proxy=proxy_to(url), headers=PLAIN) as response:
        response.raise_for_status()
        return orjson.loads(await read(response, _LONGEST))


async def read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The whole body. Raises ValueError where it is longer than that."""
    body = bytearray()
    async for piece in response.content.iter_chunked(1 << 16):
        body += piece
        if len(body) > most:
            raise ValueError("too long an answer")
    return bytes(body)


def proxy_to(url: str) -> str | None:
    """The proxy that the environment names for a URL; this machine is reached without one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if loopback(host) or proxy_bypass(host):
        return None
    named = getproxies()
    proxy = named.get(parts.scheme) or named.get("all") or ""
    return proxy if "://" in proxy or not proxy else f"http://{proxy}"


def loopback(host: str) -> bool:
    """Whether a host is this machine, by one of the names it is given in tries."""
    return host in {"localhost", "127.0.0.1", "::1"}


def authorities() -> ssl.SSLContext:
    """Whom we believe: what REQUESTS_CA_BUNDLE names, else what the system (or SSL_CERT_FILE) and certifi do."""
    with requests.Session() as asked:
        named = asked.merge_environment_settings("https://microsoft.com", {}, None, None, None)["verify"]
    paths = ssl.get_default_verify_paths()
    return _context(named if isinstance(named, str) else "", paths.cafile, paths.capath)


@lru_cache(4)
def _context(named: str, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Made once for what the environment names: to read all authorities takes the loop 40 ms."""
    if named:
        folder = Path(named).is_dir()
        return ssl.create_default_context(cafile=None if folder else named, capath=named if folder else None)
    context = ssl.create_default_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    return context


def _object(body: bytes) -> Mapping[str, Any] | None:
    if not body.strip():
        return {}
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None if body.lstrip().startswith(b"<") else {}
    return said if isinstance(said, dict) else {}
