"""Whom Teams' messages may come from and where answers may go: the allow-list of service URLs, Microsoft's keys."""

import asyncio
import logging
import math
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import jwt
from jwt.algorithms import AllowedPublicKeys

from adapters.teams_wire import FAILURES, document
from bot.errors import Unavailable

MICROSOFT_HOSTS: Final = (
    "https://smba.trafficmanager.net/",
    "https://smba.infra.gcc.teams.microsoft.com/",
)
ISSUER: Final = "https://api.botframework.com"
CHANNEL: Final = "msteams"

FETCH_SECONDS: Final = 6.0  # for both documents: Teams waits 15 seconds, then comes again
FRESH_SECONDS: Final = 24 * 3600.0
STALE_SECONDS: Final = 5 * 24 * 3600.0  # that keys are believed while Microsoft cannot be reached,
STALE_PAUSE: Final = 300.0  # and asked for again
LOOKS: Final = 5  # for unknown keys at once,
LOOK_SECONDS: Final = 10.0  # and one more in so long: how late a new key can be under a storm of forged ones
LONGEST_TOKEN: Final = 16 * 1024  # characters; Microsoft's have less than two thousand
LONGEST_LIFE: Final = 2 * 24 * 3600.0  # that a token may have before it; Microsoft's have an hour
_LATEST: Final = 1e11  # seconds; what is later, or no number, upsets those who count with it
_NO_KEYS: Final = "Microsoft's signing keys could not be fetched."
# Stricter than any URL parser: two parsers that read a URL differently are how allow-lists are passed.
_URL: Final = re.compile(r"(https?)://([A-Za-z0-9.-]+)(:[0-9]+)?((?:/[A-Za-z0-9._~-]+)*/?)")
_LOOPBACK: Final = ("localhost", "127.0.0.1")
# A key that the token itself brings, or words that it says we must understand: Microsoft's have neither.
_FOREIGN_HEADERS: Final = ("jku", "jwk", "x5u", "crit")

log = logging.getLogger(__name__)


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
    if scheme != "Bearer" or len(token) > LONGEST_TOKEN:
        raise Distrusted("no bearer token")
    try:
        said = jwt.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise Distrusted("not a token") from error
    header, claims = said["header"], said["payload"]
    if header.get("alg") != "RS256":
        raise Distrusted("another algorithm")
    if not header.get("kid") or any(name in header for name in _FOREIGN_HEADERS):
        raise Distrusted("a key of its own")
    # The SDK takes emulator and skill tokens of other issuers as well, with fewer checks.
    if claims.get("iss") != ISSUER:
        raise Distrusted("another issuer")
    _look_at_times(claims)


def _look_at_times(claims: Mapping[str, object]) -> None:
    for name in ("exp", "nbf", "iat"):
        if name in claims and not _is_time(claims[name]):
            raise Distrusted(f"no time in {name}")
    expires = claims.get("exp")
    if not isinstance(expires, int | float):
        raise Distrusted("no expiry")
    if expires > time.time() + LONGEST_LIFE:
        raise Distrusted("too long a life")


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LATEST


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key as the SDK wants to see it."""

    public_key: AllowedPublicKeys
    endorsements: list[str]


class SigningKeys:
    """Microsoft's keys, fetched without blocking; a key published since is fetched when it is first seen.

    Takes the place of the SDK's own, which blocks the loop without a deadline and refuses new keys for a day.
    """

    def __init__(self, metadata_url: str) -> None:
        self._url = metadata_url
        self._keys: Mapping[str, SigningKey] = {}
        self._fresh_until = self._stale_until = -math.inf
        self._looks = 0
        self._budget = _Budget(LOOKS, LOOK_SECONDS)
        self._lock = asyncio.Lock()

    async def get(self, key_id: str | None) -> SigningKey:
        """The key with this id; Distrusted if Microsoft has none, or not one for Teams."""
        looks = self._looks
        if not self._knows(key_id):
            async with self._lock:  # who waited here has what the one before fetched
                if looks == self._looks and not self._knows(key_id):
                    await self._look(key_id or "")
        if not self._keys or time.monotonic() > self._stale_until:
            raise Unavailable(_NO_KEYS)
        key = self._keys.get(key_id or "")
        if not key or CHANNEL not in key.endorsements:
            raise Distrusted("signed with a key that is not for Teams")
        return key

    def _knows(self, key_id: str | None) -> bool:
        return key_id in self._keys and time.monotonic() < self._fresh_until

    async def _look(self, key_id: str) -> None:
        """Fetches the keys, if we may; with those that we have, Microsoft may be away for a while."""
        if not self._budget.allows():
            return
        try:
            self._keys = await _fetch(self._url)
        except Unavailable:
            log.warning("Microsoft's signing keys could not be fetched")
            if key_id not in self._keys:  # it may be a new one: Teams comes again
                raise
            self._fresh_until = time.monotonic() + STALE_PAUSE
        else:
            self._fresh_until = time.monotonic() + FRESH_SECONDS
            self._stale_until = self._fresh_until + STALE_SECONDS
        finally:
            self._looks += 1


class _Budget:
    """So many at once, and one more in so many seconds: forged key ids must not make us hammer Microsoft."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._left = float(most)
        self._since = time.monotonic()

    def allows(self) -> bool:
        now = time.monotonic()
        self._left = min(self._most, self._left + (now - self._since) / self._seconds)
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


def _prefix(url: str) -> _Place:
    place = _place(url)
    if not place:
        raise ValueError(f"not a service URL: {url!r}")
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


async def _fetch(metadata_url: str) -> Mapping[str, SigningKey]:
    try:
        async with asyncio.timeout(FETCH_SECONDS):
            found = await document(metadata_url, FETCH_SECONDS)
            published = (await document(_https(found["jwks_uri"]), FETCH_SECONDS))["keys"]
            keys = dict(filter(None, map(_key, published)))
    except (*FAILURES, LookupError, TypeError) as error:
        raise Unavailable(_NO_KEYS) from error
    if not keys:
        raise Unavailable(_NO_KEYS)
    return keys


def _https(url: object) -> str:
    if not isinstance(url, str) or not url.startswith("https://"):
        raise ValueError("not a link")
    return url


def _key(published: Any) -> tuple[str, SigningKey] | None:
    """A published key and its id; None for what is none, or not one that signs such tokens."""
    try:
        key_id, endorsed = published["kid"], published.get("endorsements")
        if published["kty"] != "RSA" or not isinstance(key_id, str) or not key_id:
            return None
        key = jwt.PyJWK(published, "RS256").key
    except (jwt.PyJWTError, LookupError, TypeError, ValueError, AttributeError):
        return None
    return key_id, SigningKey(key, endorsed if isinstance(endorsed, list) else [])
