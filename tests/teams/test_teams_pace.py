"""We never call Teams faster than it lets us, whoever calls, and hardly slower than it would."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from adapters.teams_activity import Address
from adapters.teams_calls import limits, limits_of_reading
from adapters.teams_reply import TeamsReply
from bot.pace import FreePace, Limit, SharedPace
from bot.ticket import FreeTicket
from tests.teams.conftest import ANSWER
from tests.teams.connector import BotConnector
from tests.teams.unwired import PLACES, Hurried, Unwired, bot_on

ADDRESS = Address(
    "https://smba.trafficmanager.net/emea/", "19:c@thread.tacv2;messageid=1", "1", "29:anna", "28:bot", tenant="t"
)
# Seconds, and how many calls Teams takes in any time as long: of sending, of reading, and of all in a tenant.
KINDS = {
    "sending": (limits(ADDRESS)[:-1], {1: 7, 2: 8, 30: 60, 3600: 1800}),
    "reading": (limits_of_reading(ADDRESS)[:-1], {1: 14, 2: 16, 30: 120, 3600: 3600}),
    "tenant": (limits(ADDRESS)[-1:], {1: 30}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_paces_add_up_to_what_teams_allows(kind: str) -> None:
    ours, windows = KINDS[kind]
    for seconds, most in windows.items():
        assert 0.8 * most <= min(limit.burst + seconds / limit.seconds for limit in ours) <= most


@pytest.mark.parametrize("kind", KINDS)
async def test_as_fast_as_we_can_is_as_fast_as_we_may(redis: Redis, kind: str) -> None:
    (ours, windows), pace, times = KINDS[kind], SharedPace(redis), []
    for _ in range(400):
        wait = await pace.claim(ours, 1_000)
        assert wait is not None
        times.append(time.monotonic() + wait)
    for seconds, most in windows.items():
        assert most_within(times, seconds) <= most


def most_within(times: list[float], seconds: float) -> int:
    """How many there are in any time so long, at most."""
    first, most = 0, 0
    for last, at in enumerate(times):
        while times[first] <= at - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_threads_of_one_channel_share_its_pace() -> None:
    other = replace(ADDRESS, conversation="19:c@thread.tacv2;messageid=2")
    assert limits(ADDRESS) == limits(other)
    assert limits_of_reading(ADDRESS) == limits_of_reading(other)


class Crowded(FreePace):
    """Others have all the places for the next `claims`."""

    claims = 20

    async def claim(self, limits: Sequence[Limit], within: float) -> float | None:
        self.claims -= 1
        return None if self.claims >= 0 else 0.0


def test_whoever_waits_for_a_place_asks_for_it_each_second() -> None:
    async def play() -> float:
        bot = bot_on(Unwired(BotConnector()))
        bot._pace = Crowded()
        await TeamsReply(bot, PLACES["channel"], FreeTicket()).finish(ANSWER)
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=Hurried) as runner:
        begun = runner.get_loop().time()
        assert runner.run(play()) - begun < 20 * 1.2 + 1
