"""Whom Teams' messages may come from and where answers may go: the allow-list of service URLs, Microsoft's keys."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import jwt
import requests
from jwt.algorithms import AllowedPublicKeys

from bot.errors import Unavailable

MICROSOFT_HOSTS: Final = (
    "https://smba.trafficmanager.net/",
    "https://smba.infra.gcc.teams.microsoft.com/",
)
ISSUER: Final = "https://api.botframework.com"
CHANNEL: Final = "msteams"

_FETCH_SECONDS: Final = 10
_FRESH_SECONDS: Final = 24 * 3600
_LOOKS_A_MINUTE: Final = 5
_NO_KEYS: Final = "Microsoft's signing keys could not be fetched."
# Stricter than any URL parser: two parsers that read a URL differently are how allow-lists are passed.
_URL: Final = re.compile(r"(https?)://([A-Za-z0-9.-]+)(:\d+)?((?:/[A-Za-z0-9._~-]*)*)")
_LOOPBACK: Final = ("localhost", "127.0.0.1")


class Distrusted(Exception):
    """The request does not prove that it comes from Teams and is meant for us."""


class _Place(NamedTuple):
    scheme: str
    host: str
    port: str
    path: tuple[str, ...]

    def below(self, other: "_Place") -> bool:
        return self[:3] == other[:3] and self.path[: len(other.path)] == other.path


class ServiceUrls:
    """The service URLs that messages may name and answers may be sent to."""

    def __init__(self, prefixes: Iterable[str], *, loopback: bool = False) -> None:
        self._prefixes = [_prefix(prefix) for prefix in prefixes]
        self._loopback = loopback

    def allow(self, url: str) -> bool:
        """True below one of the prefixes: same scheme, host and port, and whole path segments."""
        place = _place(url)
        if not place:
            return False
        if self._loopback and place.host in _LOOPBACK:
            return True
        return any(place.below(prefix) for prefix in self._prefixes)


def refuse_at_sight(authorization: str) -> None:
    """Raises Distrusted for a token that need not be verified, before anything is fetched for it."""
    scheme, _, token = authorization.partition(" ")
    if scheme != "Bearer":
        raise Distrusted("no bearer token")
    try:
        algorithm = jwt.get_unverified_header(token).get("alg")
        claims = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise Distrusted("not a token") from error
    if algorithm != "RS256":
        raise Distrusted("another algorithm")
    # The SDK takes emulator and skill tokens of other issuers as well, with fewer checks.
    if claims.get("iss") != ISSUER:
        raise Distrusted("another issuer")
    if "exp" not in claims:
        raise Distrusted("no expiry")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key as the SDK wants to see it."""

    public_key: AllowedPublicKeys
    endorsements: list[str]


class SigningKeys:
    """Microsoft's keys, fetched off the event loop; a key published since is fetched when it is first seen.

    Takes the place of the SDK's own, which blocks the loop without a deadline and refuses new keys for a day.
    """

    def __init__(self, metadata_url: str) -> None:
        self._url = metadata_url
        self._keys: dict[str, SigningKey] = {}
        self._fresh_until = 0.0
        self._looked: deque[float] = deque(maxlen=_LOOKS_A_MINUTE)
        self._lock = asyncio.Lock()

    async def get(self, key_id: str | None) -> SigningKey:
        """The key with this id; Distrusted if Microsoft has none, or not one for Teams."""
        if not self._knows(key_id):
            async with self._lock:
                if not self._knows(key_id) and self._may_look:
                    await self._look()
        if not self._keys:
            raise Unavailable(_NO_KEYS)
        key = self._keys.get(key_id or "")
        if not key or CHANNEL not in key.endorsements:
            raise Distrusted("signed with a key that is not for Teams")
        return key

    def _knows(self, key_id: str | None) -> bool:
        return key_id in self._keys and time.monotonic() < self._fresh_until

    @property
    def _may_look(self) -> bool:
        """Forged key ids must not make us hammer Microsoft."""
        return len(self._looked) < _LOOKS_A_MINUTE or time.monotonic() - self._looked[0] > 60

    async def _look(self) -> None:
        self._looked.append(time.monotonic())
        self._keys = await asyncio.to_thread(_fetch, self._url)
        self._fresh_until = time.monotonic() + _FRESH_SECONDS


def _prefix(url: str) -> _Place:
    place = _place(url)
    if not place:
        raise ValueError(f"not a service URL: {url!r}, expected one like {MICROSOFT_HOSTS[0]}")
    return place


def _place(url: str) -> _Place | None:
    match = _URL.fullmatch(url)
    if not match:
        return None
    scheme, host, port, path = match.groups("")
    segments = tuple(segment for segment in path.split("/") if segment)
    if "." in segments or ".." in segments:
        return None
    return _Place(scheme, host.lower(), port or {"https": ":443", "http": ":80"}[scheme], segments)


def _fetch(metadata_url: str) -> dict[str, SigningKey]:
    try:
        published = _json(_json(metadata_url)["jwks_uri"])["keys"]
        return {
            key["kid"]: SigningKey(jwt.PyJWK(key, "RS256").key, key.get("endorsements", []))
            for key in published
            if key.get("kty") == "RSA" and key.get("kid")
        }
    except (requests.RequestException, jwt.PyJWTError, LookupError, TypeError, AttributeError) as error:
        raise Unavailable(_NO_KEYS) from error


def _json(url: str) -> Any:  # Microsoft's documents; what is missing in them is caught by the caller
    response = requests.get(url, timeout=_FETCH_SECONDS)
    response.raise_for_status()
    return response.json()
