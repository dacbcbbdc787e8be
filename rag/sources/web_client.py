"""One web site, asked politely and within bounds; never another server than the one whose address was given."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase, HTTPBasicAuth
from urllib3.exceptions import NameResolutionError, NewConnectionError

from rag.errors import SourceError, Unreadable
from rag.parsing.parse import TYPES
from rag.sources.spool import file_name, fill
from rag.sources.web_pages import same_site

NAME = "Hausgeist"  # as robots.txt and logs know us
LARGEST = 32 * 2**20  # bytes of one page or file
BEGIN_S, PIECE_S, WHOLE_S = 10.0, 30.0, 120.0
PATIENCE_S = 60.0  # that a site may ask us to wait
_ENDINGS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
    "application/pdf": ".pdf",
}
_MOVED = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({429, 503})


@dataclass(frozen=True, slots=True)
class Known:
    """What a page was when it was last fetched: its digest, and what the server calls that version.

    `wanted`: it does not ask robots to leave it out.
    """

    digest: str
    etag: str = ""
    modified: str = ""
    links: tuple[str, ...] = ()
    wanted: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said: its `status`, where it leads on, and the `file` with what it gave, as large as `size`."""

    status: int
    known: Known
    file: Path | None = None
    moved: str = ""
    size: int = 0


@dataclass(slots=True)
class Client:
    """Asks one server; what it gives is put into files in `spool`. `pause`: seconds between two questions."""

    address: str
    spool: Path
    key: str = ""
    pause: float = 0.0
    _asked: int = 0
    _last: float = 0.0
    _http: requests.Session = field(default_factory=requests.Session)

    def close(self) -> None:
        """Hangs up."""
        self._http.close()

    def get(self, address: str, known: Known | None = None, largest: int = LARGEST) -> Answer:
        """Fetches an address of this server, unless it is as `known`. Raises Unreadable, passing where it may be."""
        if not same_site(address, urlsplit(self.address)):
            raise Unreadable("leads to another server")
        for last in (False, True):
            with closing(self._begun(address, known)) as response:
                if response.status_code in _LATER and not last:
                    self._wait(response.headers.get("Retry-After", ""))
                    continue
                return self._answer(address, response, known, largest)
        raise AssertionError("unreachable")

    def _begun(self, address: str, known: Known | None) -> requests.Response:
        time.sleep(max(0.0, self._last + self.pause - time.monotonic()))
        self._last = time.monotonic()
        headers = {"User-Agent": NAME, "Accept-Language": "en, de;q=0.9, fr;q=0.9, *;q=0.5"}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.modified:
            headers["If-Modified-Since"] = known.modified
        self._http.cookies.clear()
        try:
            return self._http.get(
                address,
                headers=headers,
                auth=_auth(self.key),
                timeout=(BEGIN_S, PIECE_S),
                stream=True,
                allow_redirects=False,
            )
        except (requests.RequestException, ValueError) as error:
            raise Unreadable(f"cannot be reached: {_reason(error)}", passing=True) from error

    def _answer(self, address: str, response: requests.Response, known: Known | None, largest: int) -> Answer:
        status = response.status_code
        if status == 304 and known:
            return Answer(status, known)
        if status in _MOVED:
            return Answer(status, Known(""), moved=urljoin(address, response.headers.get("Location", "")))
        if status != 200:
            return Answer(status, Known(""))
        self._asked += 1
        ending = _ENDINGS.get(response.headers.get("Content-Type", "").partition(";")[0].strip().lower(), "")
        named = file_name(urlsplit(address).path)
        if Path(named).suffix.lower() not in TYPES or ending:
            named += ending
        folder = self.spool / str(self._asked)
        folder.mkdir()
        digest = hashlib.sha256()
        size = fill(folder / named, _pieces(response), largest, digest.update)
        headers = response.headers
        wanted = "noindex" not in headers.get("X-Robots-Tag", "").lower()
        tags = (headers.get("ETag", "")[:200], headers.get("Last-Modified", "")[:100])
        return Answer(status, Known(digest.hexdigest(), *tags, wanted=wanted), folder / named, size=size)

    def _wait(self, asked: str) -> None:
        """Waits as long as the site asks; raises SourceError where that is too long for one sync."""
        seconds = float(asked) if asked.isdigit() else 5.0
        if seconds > PATIENCE_S:
            raise SourceError(f"{self.address} asks us to come back in {seconds:.0f} s")
        time.sleep(seconds)


def _reason(error: Exception) -> str:
    """Why nothing was answered, without the words of the request."""
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, requests.exceptions.SSLError):
        return "its certificate is not trusted here"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(cause, NameResolutionError):
        return "no such host is known"
    if isinstance(cause, NewConnectionError):
        return "nobody answers at this host and port"
    return type(error).__name__


class _NoAuth(AuthBase):
    """Sends no key at all, not even one that a file of ours holds for the server."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


class _Bearer(AuthBase):
    """Sends a token."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _auth(key: str) -> AuthBase:
    """A key `user:password`, a token, or none."""
    if not key:
        return _NoAuth()
    user, colon, password = key.partition(":")
    return HTTPBasicAuth(user, password) if colon else _Bearer(key)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """The body, unpacked, within the time that a page may take."""
    until = time.monotonic() + WHOLE_S
    try:
        for piece in response.iter_content(2**16):
            if time.monotonic() > until:
                raise Unreadable(f"took longer than {WHOLE_S:.0f} s", passing=True)
            yield piece
    except requests.RequestException as error:
        raise Unreadable(f"broke off: {type(error).__name__}", passing=True) from error
