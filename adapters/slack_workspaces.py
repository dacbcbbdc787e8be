"""The right client for each Slack workspace, with a token that is renewed before it ends: by one replica at a time."""

import asyncio
import logging
import time
from functools import partial
from typing import Final, Protocol

from slack_sdk.errors import SlackApiError, SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack_client import Lines
from adapters.slack_installs import Installations
from adapters.slack_payload import Payload, inner, string
from adapters.slack_refusals import FAILURES, NotTaken, not_taken
from bot.errors import StateDown, Unavailable

CACHE_SECONDS: Final = 60.0  # that a client is used before we look whether its token is still the one
CACHED: Final = 10_000  # workspaces
EARLY_MINUTES: Final = 120  # before its end, a token of 12 hours is renewed
LOCK_SECONDS: Final = 30.0  # for renewing one: more than one request to Slack and two to Redis may take
DEAD: Final = frozenset({"account_inactive", "app_uninstalled", "invalid_auth", "team_disabled", "token_revoked"})

log = logging.getLogger(__name__)


class Uninstalled(NotTaken):
    """The app is not installed in that workspace, or not any more: no call there will ever succeed."""

    def __init__(self) -> None:
        super().__init__("not installed there", lasting=True)


class Workspaces(Protocol):
    """The clients for the workspaces that we are in."""

    async def client(self, team: str, enterprise: str = "") -> AsyncWebClient:
        """The client for a workspace, which may be of an organisation. Raises Uninstalled, NotTaken, StateDown."""

    async def gone(self, payload: Payload) -> None:
        """Follows an event `app_uninstalled` or `tokens_revoked`. Raises StateDown."""

    async def close(self) -> None:
        """Closes the connections; safe to call twice."""


class OneWorkspace:
    """The one workspace whose bot token is in the settings."""

    def __init__(self, lines: Lines, bot_token: str) -> None:
        self._lines = lines
        self._bot_token = bot_token
        self._client: AsyncWebClient | None = None

    async def client(self, team: str, enterprise: str = "") -> AsyncWebClient:  # noqa: ARG002  # the port's
        if self._client is None:
            self._client = self._lines.client(self._bot_token)
        return self._client

    async def gone(self, payload: Payload) -> None:  # noqa: ARG002  # the port's
        log.error("slack says that the app was uninstalled: install it again, then set SLACK_BOT_TOKEN")

    async def close(self) -> None:
        self._client = None
        await self._lines.close()


class Installed:
    """All workspaces that installed the app, each with a token of its own."""

    def __init__(self, installs: Installations, lines: Lines, client_secret: str) -> None:
        self._installs = installs
        self._lines = lines
        self._client_secret = client_secret
        self._clients: dict[tuple[str, str], tuple[float, AsyncWebClient]] = {}
        self._renewals: dict[str, asyncio.Task[Bot]] = {}
        self._unsaved: dict[str, Bot] = {}  # by place: Slack has taken the old token for the new one already

    async def client(self, team: str, enterprise: str = "") -> AsyncWebClient:
        until, client = self._clients.get((team, enterprise), (0.0, None))
        if client is None or until < time.monotonic():
            client = self._lines.client((await self._bot(team, enterprise)).bot_token)
            if len(self._clients) >= CACHED:
                self._clients.clear()
            self._clients[team, enterprise] = time.monotonic() + CACHE_SECONDS, client
        return client

    async def gone(self, payload: Payload) -> None:
        """What Slack says of a token that was replaced meanwhile must not take the new one: Slack is asked of it."""
        event = inner(payload, "event")
        if string(event, "type") == "tokens_revoked" and not inner(event, "tokens").get("bot"):
            return
        for bot in await self._installs.find(string(payload, "team_id"), string(payload, "enterprise_id")):
            if await self._dead(bot):
                await self._installs.cabinet.delete(self._installs.place(bot))
                log.info("the app was uninstalled", extra={"workspace": bot.team_id or bot.enterprise_id})
        self._clients.clear()

    async def close(self) -> None:
        """Sees renewals through first."""
        if self._renewals:
            await asyncio.wait(list(self._renewals.values()))
        self._clients.clear()
        await self._lines.close()

    async def _bot(self, team: str, enterprise: str) -> Bot:
        bot = await self._saved(team, enterprise)
        if not _due(bot):
            return bot
        place = self._installs.place(bot)
        if place not in self._renewals:
            self._renewals[place] = asyncio.create_task(self._renewal(bot, team, enterprise), name=f"renewal {place}")
            self._renewals[place].add_done_callback(partial(self._done, place))
        # Who waits may be called off; the renewal must not be: Slack's answer holds the only token that is good next.
        return await asyncio.shield(self._renewals[place])

    def _done(self, place: str, task: "asyncio.Task[Bot]") -> None:
        del self._renewals[place]
        if not task.cancelled():
            task.exception()  # nobody may wait for it any more

    async def _renewal(self, bot: Bot, team: str, enterprise: str) -> Bot:
        try:
            async with self._installs.cabinet.locked(f"renewal:{self._installs.place(bot)}", LOCK_SECONDS):
                bot = await self._saved(team, enterprise)  # it may be another's work that kept us waiting
                return await self._renewed(bot) if _due(bot) else bot
        except (NotTaken, Unavailable) as error:
            if isinstance(error, Uninstalled) or (bot.bot_token_expires_at or 0) <= time.time():
                raise _in_our_words(error) from error
            log.warning("a token was not renewed, the old one still holds", extra={"reason": type(error).__name__})
            return bot

    async def _saved(self, team: str, enterprise: str) -> Bot:
        found = await self._installs.find(team, enterprise)
        if not found:
            raise Uninstalled
        place = self._installs.place(found[0])
        if fresh := self._unsaved.get(place):
            await self._installs.renew(fresh)
            self._unsaved.pop(place, None)
        return fresh or found[0]

    async def _renewed(self, bot: Bot) -> Bot:
        """The bot with a new token; without it where Slack gives none. Raises NotTaken, StateDown."""
        rotator = AsyncTokenRotator(
            client_id=self._installs.client_id, client_secret=self._client_secret, client=self._lines.client()
        )
        try:
            fresh = await rotator.perform_bot_token_rotation(bot=bot, minutes_before_expiration=EARLY_MINUTES)
        except SlackTokenRotationError as error:
            raise not_taken(error.api_error) from error
        except FAILURES as error:
            raise not_taken(error) from error
        if fresh is None:
            return bot
        place = self._installs.place(bot)
        self._unsaved[place] = fresh
        if not await self._installs.renew(fresh):
            self._unsaved.pop(place, None)
            raise Uninstalled
        self._unsaved.pop(place, None)
        return fresh

    async def _dead(self, bot: Bot) -> bool:
        try:
            await self._lines.client(bot.bot_token).auth_test()
        except SlackApiError as error:
            return not_taken(error).reason in DEAD
        except FAILURES as error:
            not_taken(error)
        return False


def _due(bot: Bot) -> bool:
    ends = bot.bot_token_expires_at
    return ends is not None and ends - time.time() < EARLY_MINUTES * 60


def _in_our_words(error: NotTaken | Unavailable) -> NotTaken | StateDown:
    """Without a token that holds: a renewal that Slack will never grant is as good as none installed."""
    if isinstance(error, NotTaken):
        return Uninstalled() if error.lasting else error
    return error if isinstance(error, StateDown) else NotTaken("token renewed elsewhere")
