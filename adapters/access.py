"""Who may reach what has no password: only this machine, and no web page that a browser on it happens to show."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection

_RELAYED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "cf-connecting-ip", "via")


def from_this_machine(request: HTTPConnection) -> bool:
    """True for a direct request of a local program: neither through a proxy nor by a foreign name (DNS rebinding)."""
    if request.client is None or not _is_loopback(request.client.host):
        return False
    # Proxies speak HTTP/1.0 to what is behind them unless told otherwise; no browser or client of today does.
    if request.scope.get("http_version") == "1.0" or any(name in request.headers for name in _RELAYED):
        return False
    # A foreign name that resolves to 127.0.0.1 would make another site's page our own origin.
    host = _hostname(request.headers.get("host", ""))
    return host == "localhost" or _is_loopback(host)


def from_our_own_page(request: HTTPConnection) -> bool:
    """False when a browser says that another site's page is asking; programs, which say nothing, pass."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site not in (None, "same-origin"):
        return False
    return origin is None or urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
