"""Slack's rate limits: a tier for each method of a workspace, and one message a second in a channel."""

import math
import time
from collections import defaultdict, deque
from typing import Final

SECOND: Final = 0.9  # seconds: what was sent a second apart may arrive a little closer
_TIERS: Final = {1: 1, 2: 20, 3: 50, 4: 100}  # calls a minute that Slack promises
_METHODS: Final = {
    "apps.connections.open": 1,
    "chat.startStream": 2,
    "chat.stopStream": 2,
    "reactions.remove": 2,
    "chat.update": 3,
    "chat.delete": 3,
    "conversations.replies": 3,
    "conversations.history": 3,
    "conversations.info": 3,
    "conversations.open": 3,
    "reactions.add": 3,
    "chat.appendStream": 4,
    "chat.postEphemeral": 4,
    "users.info": 4,
    "views.open": 4,
    "views.publish": 4,
    "views.push": 4,
    "views.update": 4,
    "files.info": 4,
}
_POSTS: Final = frozenset({"chat.postMessage"})


class Limits:
    """Counts calls; while `strict`, refuses what exceeds what Slack promises. `refused` counts that, by method.

    `share` scales the promised calls, for tests that shall not wait a minute.
    """

    def __init__(self) -> None:
        self.strict = False
        self.share = 1.0
        self.burst = 1  # messages in a channel at once
        self.refused: dict[str, int] = defaultdict(int)
        self._calls: dict[str, deque[float]] = defaultdict(deque)

    def wait(self, method: str, channel: str) -> int:
        """The seconds of `Retry-After`; 0 if the call is within the limits, which then counts."""
        now = time.monotonic()
        if method in _POSTS:
            return self._within(f"{method} {channel}", method, now, SECOND, self.burst)
        tier = _METHODS.get(method)
        return self._within(method, method, now, 60.0, round(_TIERS[tier] * self.share)) if tier else 0

    def _within(self, key: str, method: str, now: float, seconds: float, most: int) -> int:
        calls = self._calls[key]
        while calls and now - calls[0] >= seconds:
            calls.popleft()
        if len(calls) >= max(most, 1) and self.strict:
            self.refused[method] += 1
            return max(1, math.ceil(seconds - (now - calls[0])))
        calls.append(now)
        return 0
