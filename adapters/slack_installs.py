"""Where we are installed in Slack: each workspace's token, sealed in Redis, and the states of installing under way."""

import hashlib
import secrets
import time
from collections import deque
from collections.abc import Collection
from typing import Final

import orjson
from slack_bolt.error import BoltError
from slack_sdk.oauth.installation_store import Bot, Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore

from bot.cabinet import Cabinet

STATE_SECONDS: Final = 600  # that an administrator may look at Slack's page before allowing us
STATES: Final = 1000  # flows that one process begins in that time: whoever finds the page may call it


class Unwelcome(BoltError):
    """That workspace may not install us; of bolt's kind, as bolt passes on no other."""


class Crowded(Exception):
    """More flows are begun than administrators can be at it."""


class Installations(AsyncInstallationStore):
    """Who installed the app `client_id`: a sealed record for each workspace, or organisation, among the `welcome`.

    We act as our bot alone: tokens of users are not kept.
    """

    def __init__(self, cabinet: Cabinet, client_id: str, welcome: Collection[str]) -> None:
        self.cabinet = cabinet
        self.client_id = client_id
        self._welcome = frozenset(welcome)

    def place(self, bot: Bot | Installation) -> str:
        """The name in the cabinet of what was installed: for a workspace, or for all of an organisation."""
        return self._place(_home(bot))

    async def find(self, team: str, enterprise: str = "") -> list[Bot]:
        """Our bots that may act in a workspace, its own before its organisation's. Raises StateDown."""
        found = [await self._record(where) for where in (team, enterprise) if where]
        return [one.to_bot() for one in found if one]

    async def renew(self, bot: Bot) -> bool:
        """Keeps a bot's new token; false where it was uninstalled meanwhile. Raises StateDown."""
        record = await self._record(_home(bot))
        if record is None:
            return False
        record.bot_token, record.bot_refresh_token = bot.bot_token, bot.bot_refresh_token
        record.bot_token_expires_at = bot.bot_token_expires_at
        return await self.cabinet.replace(self.place(bot), _text(record))

    async def async_save(self, installation: Installation) -> None:
        """Keeps an installation in place of an earlier one. Raises Unwelcome, StateDown."""
        if not {installation.team_id, installation.enterprise_id} & self._welcome:
            raise Unwelcome("this workspace may not install the app")
        await self.cabinet.put(self.place(installation), _text(installation))

    async def async_save_bot(self, bot: Bot) -> None:
        """Keeps a bot; one whose installation is known keeps who installed it. Raises Unwelcome, StateDown."""
        if not await self.renew(bot):
            await self.async_save(Installation(user_id="", **bot.to_dict_for_copying()))

    async def async_find_bot(
        self, *, enterprise_id: str | None, team_id: str | None, is_enterprise_install: bool | None = False
    ) -> Bot | None:
        """The bot that acts in a workspace. Raises StateDown."""
        found = await self.find("" if is_enterprise_install else team_id or "", enterprise_id or "")
        return found[0] if found else None

    async def async_find_installation(
        self,
        *,
        enterprise_id: str | None,
        team_id: str | None,
        user_id: str | None = None,
        is_enterprise_install: bool | None = False,
    ) -> Installation | None:
        """The installation that holds for a workspace, if that person made it, where one is named. Raises StateDown."""
        for where in (None if is_enterprise_install else team_id, enterprise_id):
            record = await self._record(where) if where else None
            if record and user_id in (None, record.user_id):
                return record
        return None

    async def async_delete_bot(self, *, enterprise_id: str | None, team_id: str | None) -> None:
        """Forgets a workspace, or without one an organisation. Raises StateDown."""
        await self.cabinet.delete(self._place(team_id or enterprise_id or ""))

    async def async_delete_installation(
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None = None
    ) -> None:
        """The same, unless it was another person who installed us there. Raises StateDown."""
        record = await self._record(team_id or enterprise_id or "")
        if record and user_id in (None, record.user_id):
            await self.cabinet.delete(self.place(record))

    def _place(self, where: str) -> str:
        return f"slack:{self.client_id}:{where}"

    async def _record(self, where: str) -> Installation | None:
        text = await self.cabinet.get(self._place(where))
        record = Installation(**orjson.loads(text)) if text else None
        return record if record and {record.team_id, record.enterprise_id} & self._welcome else None


class States(AsyncOAuthStateStore):
    """The states of OAuth flows under way: each is good once, for 10 minutes, at any replica."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet
        self._begun = deque[float](maxlen=STATES)

    async def async_issue(self, *_: object, **__: object) -> str:
        """A new state. Raises Crowded, StateDown."""
        now = time.monotonic()
        if len(self._begun) == STATES and now - self._begun[0] < STATE_SECONDS:
            raise Crowded
        self._begun.append(now)
        state = secrets.token_urlsafe(32)
        await self._cabinet.put(_name(state), "begun", STATE_SECONDS)
        return state

    async def async_consume(self, state: str) -> bool:
        """Whether we gave that state out, and nobody came back with it before. Raises StateDown."""
        return await self._cabinet.take(_name(state)) is not None


def _home(bot: Bot | Installation) -> str:
    return (bot.enterprise_id if bot.is_enterprise_install else bot.team_id) or ""


def _name(state: str) -> str:
    """Names in Redis are in clear, so that of a state tells nothing of it."""
    return f"slack-state:{hashlib.sha256(state.encode()).hexdigest()}"


def _text(installation: Installation) -> str:
    users = ("user_token", "user_refresh_token", "user_token_expires_at", "user_scopes")
    return orjson.dumps({key: value for key, value in vars(installation).items() if key not in users}).decode()
