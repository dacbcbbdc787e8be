"""Clients for Slack's Web API: one pool of connections for all workspaces, one deadline, and no second tries."""

import logging
from typing import Final
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

API: Final = "https://slack.com/api/"
SECONDS: Final = 10  # for one request to Slack
IDLE_SECONDS: Final = 15  # that a connection is kept: far less than Slack keeps it, so that we never use a closed one


class Lines:
    """The way to one Slack API; its connections are opened when they are needed first, in the loop that needs them."""

    def __init__(self, api_url: str | None = None) -> None:
        self.api_url = api_url or API
        self._pool: aiohttp.ClientSession | None = None

    def client(self, token: str = "") -> AsyncWebClient:
        """A client that tries once: when to try again depends on what was tried, see `SlackThread`."""
        client = AsyncWebClient(
            token or None,
            self.api_url,
            timeout=SECONDS,
            session=self.pool,
            retry_handlers=[],
            logger=sdk_log(),
        )
        if direct(self.api_url):
            client.proxy = None
        return client

    @property
    def pool(self) -> aiohttp.ClientSession:
        """The connections, opened in the loop that asks first."""
        if self._pool is None or self._pool.closed:
            self._pool = _pool()
        return self._pool

    def own_client(self) -> AsyncWebClient:
        """A client with connections of its own, for who opens a socket."""
        client = AsyncWebClient(base_url=self.api_url, timeout=SECONDS, retry_handlers=[], logger=sdk_log())
        if direct(self.api_url):
            client.proxy = None
        return client

    @property
    def proxy(self) -> str | None:
        """The environment's proxy, where Slack is reached through one."""
        return self.own_client().proxy

    async def close(self) -> None:
        """Closes all connections; safe to call twice."""
        pool, self._pool = self._pool, None
        if pool:
            await pool.close()


def sdk_log() -> logging.Logger:
    """The SDKs' logger: below warnings they quote bodies and arguments."""
    sdk = logging.getLogger(f"{__name__}.sdk")
    sdk.setLevel(logging.WARNING)
    return sdk


def direct(url: str) -> bool:
    """Whether the host is reached without the environment's proxy, which slack_sdk would use for every host."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "127.0.0.1", "::1"} or bool(proxy_bypass(host))


def _pool() -> aiohttp.ClientSession:
    # Given a session, slack_sdk leaves the deadline to it.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS),
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
