"""Conversations of people with us, asked as the platforms ask: each event again and again, to any of the replicas."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import Final, Literal

from ops.bench.fleet import QUESTIONS, Fleet
from ops.bench.payloads import (
    Payload,
    new_activity,
    slack_direct,
    slack_mention,
    slack_press,
    teams_mention,
    teams_message,
    teams_press,
)
from ops.bench.shown import Posted
from ops.bench.standins import new_ts, slack_place

Platform = Literal["direct", "mention", "teams", "channel"]

PLATFORMS: Final[tuple[Platform, ...]] = ("direct", "mention", "teams", "channel")
TEAMS: Final = frozenset({"teams", "channel"})
DELIVERIES: Final = 4
SPREAD_SECONDS: Final = 8.0  # within which the platform delivers again what we had acknowledged
GIVE_UP_SECONDS: Final = 300.0  # as Slack does
ACKNOWLEDGED: Final = 200


@dataclass(slots=True)
class Question:
    """One question, known by its mark; `acknowledged_at` is 0 until a replica took it."""

    mark: str
    user: str
    asked_at: float
    acknowledged_at: float = 0.0


@dataclass(slots=True)
class Talk:
    """One conversation: direct messages or a channel's thread in Slack, a chat or a channel's thread in Teams.

    In the threads of channels two people speak.
    """

    number: int
    platform: Platform
    questions: list[Question] = field(default_factory=list)
    _root: str = ""

    @property
    def place(self) -> str:
        """Its name at the stand-in, once the first question is asked."""
        match self.platform:
            case "teams":
                return f"a:chat-{self.number}"
            case "channel":
                return f"19:channel-{self.number}@thread.tacv2;messageid={self._root}"
            case _:
                return slack_place(self._channel, self._root)

    async def ask(self, fleet: Fleet) -> list[asyncio.Task[None]]:
        """Asks the next question and returns once it is acknowledged; the tasks deliver it again."""
        question = Question(f"Q{self.number}-{len(self.questions)}", self._user(len(self.questions)), time.time())
        self.questions.append(question)
        payload, *twins = self._payloads(fleet, question)
        tasks = [asyncio.create_task(_deliver_twin(fleet, twin)) for twin in twins]
        if await until_taken(fleet, payload):
            question.acknowledged_at = time.time()
        again = [each for each in (payload, *twins) for _ in range(DELIVERIES - 1)]
        return tasks + [asyncio.create_task(_deliver_later(fleet, each)) for each in again]

    async def press(self, fleet: Fleet, post: Posted, user: str) -> None:
        """Presses the button under `post` that asks once more."""
        if self.platform in TEAMS:
            value = {"hausgeist": "again", "kept": post.now.again}
            payload = teams_press(fleet.workplace.teams_url, self.place, user, post.id, value)
        else:
            payload = slack_press(self._channel, self._root, user, post.id, "hausgeist_again", post.now.again)
        await until_taken(fleet, payload)

    @property
    def _channel(self) -> str:
        return f"D0{self.number}" if self.platform == "direct" else f"C0{self.number}"

    def _user(self, turn: int) -> str:
        return f"U{self.number}X{turn % 2}" if self.platform in ("mention", "channel") else f"U{self.number}"

    def _payloads(self, fleet: Fleet, question: Question) -> tuple[Payload, ...]:
        """The event that asks, and its twin where Slack sends one."""
        text = f"{random.choice(QUESTIONS)} This is question {question.mark}."  # noqa: S311 - guards nothing
        if self.platform in TEAMS:
            build, activity = teams_message if self.platform == "teams" else teams_mention, new_activity()
            self._root = self._root or activity
            return (build(fleet.workplace.teams_url, self.place, question.user, text, activity),)
        ts, thread = new_ts(), self._root
        self._root = self._root or ts
        if self.platform == "mention":
            return slack_mention(self._channel, question.user, text, ts, thread)
        return (slack_direct(self._channel, question.user, text, ts, thread),)


async def until_taken(fleet: Fleet, payload: Payload) -> bool:
    """Delivers to one web replica after the other until one acknowledges; False if none ever does."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while time.monotonic() < deadline:
        if await _taken(fleet, payload):
            return True
        await asyncio.sleep(random.uniform(0.1, 0.5))  # noqa: S311 - guards nothing
    return False


async def _deliver_twin(fleet: Fleet, payload: Payload) -> None:
    await until_taken(fleet, payload)


async def _deliver_later(fleet: Fleet, payload: Payload) -> None:
    await asyncio.sleep(random.uniform(0, SPREAD_SECONDS))  # noqa: S311
    await _taken(fleet, payload)


async def _taken(fleet: Fleet, payload: Payload) -> bool:
    """Whether a random replica acknowledges."""
    return await fleet.deliver(payload, random.choice(fleet.of("web"))) == ACKNOWLEDGED  # noqa: S311
