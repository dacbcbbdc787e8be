"""A company whose Slack is the emulated one: one replica of ours or two, all parts real but the language model."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal, cast

from redis.asyncio import Redis

from adapters.slack import SlackAdapter
from adapters.slack_options import SlackOptions
from bot.inbox import LEASE_SECONDS
from bot.pace import Pace, SharedPace
from bot.people import Directory
from bot.places import Places
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, Shift, working
from tests.bot.knowing import Knowing
from tests.slack.desk import opened
from tests.slack.emulated.node import TEAM
from tests.slack.emulated.people import Someone
from tests.slack.emulated.reading import Post
from tests.slack.emulated.workspace import EmulatedSlack

Way = Literal["http", "sockets"]


@dataclass
class Company:
    """The workspace, our replicas, and the model that they share."""

    slack: EmulatedSlack
    way: Way
    redis: Redis
    guard: Guard
    library: Library
    pace: Pace
    model: Knowing = field(default_factory=Knowing)
    houses: list[House] = field(default_factory=list)
    adapters: list[SlackAdapter] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    lease_seconds: float = LEASE_SECONDS

    def __getattr__(self, name: str) -> Someone:
        """The people, by name."""
        try:
            return self.slack.people[name]
        except KeyError:
            raise AttributeError(name) from None

    async def idle(self) -> None:
        """Waits until Slack has delivered everything, and nothing waits or runs here."""
        task = asyncio.current_task()
        while not (task and task.cancelling()):  # the client for Redis may swallow that the test's time is up
            await self.slack.deliveries.settled()
            line = await self.houses[0].inbox.line()
            if not (line.messages or line.running):
                return
            await asyncio.sleep(0.01)
        raise asyncio.CancelledError

    async def answers(self, root: str, channel: str = "general") -> list[Post]:
        """What stands under a message, once all is done."""
        await self.idle()
        return await self.slack.thread(self.slack.channels.get(channel, channel), root)

    async def answer(self, root: str, channel: str = "general") -> Post:
        """The one answer that must stand there."""
        found = [post for post in await self.answers(root, channel) if post.user == self.slack.bot]
        assert len(found) == 1, [post.read for post in found]
        return found[0]

    async def verdicts(self) -> dict[str, str]:
        """What people think of all answers, and why, by person, as it is kept."""
        found: dict[str, str] = {}
        async for key in self.redis.scan_iter("hg:feedback:*"):
            kept = await cast(Awaitable[dict[bytes, bytes]], self.redis.hgetall(key))
            found |= {name.decode().rpartition(":")[2]: value.decode() for name, value in kept.items()}
        return found


@asynccontextmanager
async def company_of(
    replicas: int,
    slack: EmulatedSlack,
    way: Way,
    redis: Redis,
    parts: tuple[Guard, Library],
    lease_seconds: float = LEASE_SECONDS,
    pace: Pace | None = None,
) -> AsyncIterator[Company]:
    """A company with so many replicas, reached in this way."""
    company = Company(slack, way, redis, *parts, lease_seconds=lease_seconds, pace=pace or SharedPace(redis))
    async with AsyncExitStack() as stack:
        company.urls = [await stack.enter_async_context(_replica(company)) for _ in range(replicas)]
        if way == "sockets":
            slack.over_sockets()
        else:
            slack.over_http(*company.urls)
        yield company
        await slack.deliveries.settled()


@asynccontextmanager
async def _replica(company: Company) -> AsyncIterator[str]:
    slack, people = company.slack, company.slack.people
    directory = Directory(places=Places(company.redis), admins=[f"slack:{TEAM}:{people['anna'].id}"])
    house = House(company.redis, company.guard, company.library, company.model, directory)
    adapter = SlackAdapter(
        house.dispatcher,
        bot_token=slack.bot_token,
        signing_secret="" if company.way == "sockets" else slack.secret,
        app_token=slack.app_token if company.way == "sockets" else None,
        api_url=slack.api_url,
        options=SlackOptions(company.pace, helpdesk=(f"slack:{people['beat'].id}",)),
    )
    company.houses.append(house)
    company.adapters.append(adapter)
    await adapter.start()
    async with working(house, company.lease_seconds) as shift, opened(adapter) as desk:
        company.shifts.append(shift)
        yield desk.url
        await adapter.stop_taking()
    await adapter.stop()


async def until(true: Callable[[], object]) -> None:
    """Waits for something to become true; the test's own limit ends it."""
    while not true():
        await asyncio.sleep(0.01)


async def until_read(read: Callable[[], Awaitable[Sequence[Post]]], words: str) -> Post:
    """Waits until a message holds these words."""
    while True:
        for post in await read():
            if words in post.read:
                return post
        await asyncio.sleep(0.02)
