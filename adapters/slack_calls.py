"""Calls to Slack for one workspace: at the pace that Slack allows, under a deadline, its refusals in our words."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final

from adapters.slack_refusals import FAILURES, NotTaken, not_taken
from adapters.slack_workspaces import Workspaces
from bot.pace import Limit, Pace
from bot.ticket import CALL_SECONDS

# Calls a minute that Slack guarantees by method; what is not named is of the second tier.
PER_MINUTE: Final = {
    "auth.test": 100,
    "assistant.threads.setStatus": 50,
    "assistant.threads.setSuggestedPrompts": 50,
    "assistant.threads.setTitle": 50,
    "chat.appendStream": 100,
    "chat.delete": 50,
    "chat.getPermalink": 100,
    "chat.postEphemeral": 100,
    "chat.postMessage": 240,
    "chat.update": 50,
    "conversations.info": 50,
    "conversations.members": 100,
    "conversations.replies": 50,
    "users.info": 100,
    "views.open": 100,
    "views.publish": 100,
}
SECOND_TIER: Final = 20
CHANNEL_SECONDS: Final = 1.0  # between two messages in one channel
SPARED: Final = 0.4  # of what may go at once: kept for what must be said, whatever else is going on
PATIENCE: Final = 60.0  # seconds that a call may queue

# What begins to grow must be ended: the place for that is taken at the beginning.
START: Final = "chat.startStream"
STOP: Final = "chat.stopStream"

_POSTS: Final = frozenset({"chat.postMessage", START})
_READS: Final = frozenset(
    {
        "chat.getPermalink",
        "conversations.info",
        "conversations.members",
        "conversations.replies",
        "usergroups.list",
        "users.info",
    }
)


class SlackCalls:
    """Calls for the workspace `team`, or its organisation; `pace` is shared by all that call there."""

    def __init__(self, workspaces: Workspaces, pace: Pace, team: str = "", enterprise: str = "") -> None:
        self._workspaces = workspaces
        self._pace = pace
        self._team = team
        self._enterprise = enterprise

    async def call(
        self,
        method: str,
        arguments: Mapping[str, object],
        leave: Callable[[], asyncio.Timeout] | None = None,
        *,
        optional: bool = False,
    ) -> dict[str, Any]:
        """Calls Slack under `leave`, asked for when it is our turn; what is `optional` goes now or not at all.

        Raises NotTaken, and what `leave` raises.
        """
        await self._queue(method, arguments, optional=optional)
        try:
            async with leave() if leave else asyncio.timeout(CALL_SECONDS):
                client = await self._workspaces.client(self._team, self._enterprise)
                given = {name: value for name, value in arguments.items() if value is not None}
                if method in _READS:
                    response = await client.api_call(method, http_verb="GET", params=_plain(given))
                else:
                    response = await client.api_call(method, json=given)
            return response.data if isinstance(response.data, dict) else {}
        except FAILURES as error:
            refusal = not_taken(error)
        if refusal.pause:
            whole = self._in_channel(arguments) if method == "chat.postMessage" else self._of_method(method)
            await self._pace.hold(whole, refusal.pause)
        raise refusal

    async def _queue(self, method: str, arguments: Mapping[str, object], *, optional: bool) -> None:
        """Waits for our turn. Raises NotTaken where that is too far away."""
        if method == STOP:
            return
        limits = [self._of_method(method, optional=optional)]
        if method in _POSTS:
            limits.append(self._in_channel(arguments))
        if method == START:
            limits.append(self._of_method(STOP, optional=optional))
        pause = await self._pace.claim(limits, 0.0 if optional else PATIENCE)
        if pause is None:
            raise NotTaken("our own pace", pause=CHANNEL_SECONDS)
        if pause:
            await asyncio.sleep(pause)

    def _of_method(self, method: str, *, optional: bool = False) -> Limit:
        """Half of a minute's calls may go at once, the others follow evenly."""
        half = PER_MINUTE.get(method, SECOND_TIER) / 2
        burst = half * (1 - SPARED) if optional else half
        return Limit(f"slack:{self._team}:{method}", 60 / half, max(1, int(burst)))

    def _in_channel(self, arguments: Mapping[str, object]) -> Limit:
        return Limit(f"slack:{self._team}:{arguments.get('channel', '')}", CHANNEL_SECONDS)


def _plain(given: dict[str, object]) -> dict[str, Any]:
    """Values as they go into a query."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in given.items()}
