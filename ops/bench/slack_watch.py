"""A Slack that takes the time: when each question was asked, first answered to the eye, and done with."""

import asyncio
import time
from dataclasses import dataclass, field
from itertools import count
from typing import Final

import aiohttp
import orjson

from ops.bench.fleet import QUESTIONS
from ops.bench.payloads import Payload, slack_direct
from ops.bench.shown import Json, Kind
from ops.bench.standins import BOT, Workplace, new_ts, slack_place

TEAMS: Final = 100  # workspaces that ask in turns, so that no method's limit a minute is met
PATIENCE: Final = 30.0  # seconds for one answer
VISIBLE: Final = frozenset({"assistant.threads.setStatus", "chat.startStream", "chat.postMessage"})
WORDS: Final = b"The answer to"  # with which the answers of the instant models begin

_OWN: Final = {
    "channel": "$channel",
    "channel_id": "$channel",
    "thread_ts": "$thread",
    "ts": "$ts",
    "user": "$user",
    "recipient_user_id": "$user",
}
_numbers = count(1)


@dataclass(slots=True)
class Seen:
    """What became of one question, which is alone in its channel; times by time.perf_counter."""

    channel: str
    thread: str
    user: str
    team: str
    asked: float = 0.0
    first: float = 0.0  # when anything could be seen,
    words: float = 0.0  # and when words of the answer could
    calls: list[tuple[str, Json]] = field(default_factory=list)
    done: asyncio.Event = field(default_factory=asyncio.Event)

    def template(self) -> list[tuple[str, Json]]:
        """The calls that answered it, with names in place of what is the question's own."""
        return [(method, {key: _OWN.get(key, it) for key, it in call.items()}) for method, call in self.calls]


class Watched(Workplace):
    """The stand-in for Slack, which also asks; an async context manager."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, Seen] = {}

    def heard(self, method: str, call: Json, at: float) -> None:
        """Takes the time of a call about a question that was asked."""
        seen = self.seen.get(call.get("channel") or call.get("channel_id") or "")
        if seen is None:
            return
        seen.calls.append((method, call))
        if method in VISIBLE:
            seen.first = seen.first or at
        if not seen.words and WORDS in orjson.dumps(call):
            seen.words = at
        if any(post.now.kind is Kind.ANSWER for post in self.posts[slack_place(seen.channel, seen.thread)]):
            seen.done.set()

    def team_of(self, user: str) -> str:
        """The workspace of whoever asks us."""
        return f"T{user.removeprefix('U')}"

    async def ask(self, http: aiohttp.ClientSession, url: str) -> Seen:
        """Asks a question in a direct message of its own, and waits for the answer. Raises TimeoutError."""
        number = next(_numbers)
        seen = Seen(f"D{number}", new_ts(), f"U{number % TEAMS}", f"T{number % TEAMS}")
        self.seen[seen.channel] = seen
        text = f"{QUESTIONS[number % len(QUESTIONS)]} This is question Q{number}-0."
        payload = _of_team(slack_direct(seen.channel, seen.user, text, seen.thread), seen.team)
        headers = payload.headers()
        seen.asked = time.perf_counter()
        async with asyncio.timeout(PATIENCE):
            async with http.post(url + payload.path, data=payload.body, headers=headers) as response:
                response.raise_for_status()
            await seen.done.wait()
        return seen


def _of_team(payload: Payload, team: str) -> Payload:
    body = orjson.loads(payload.body)
    body |= {"team_id": team, "authorizations": [{"team_id": team, "user_id": BOT, "is_bot": True}]}
    body["event"]["team"] = team
    return Payload(payload.path, orjson.dumps(body), payload.kind)
