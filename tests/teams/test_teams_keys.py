"""Microsoft's keys: new ones believed at once, forged ones looked for sparingly; nobody waits for a dead host."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import pytest

from adapters import teams_trust
from tests.teams.conftest import Teams, payload
from tests.teams.hosts import Answer, dripping, hanging, responsive, saying

METADATA = "/v1/.well-known/openidconfiguration"
KEYS = "/v1/.well-known/keys"
DAY = 24 * 3600.0


async def asked(teams: Teams, number: int = 0, **claims: Any) -> int:
    activity = payload("personal_message", id=f"m{number}")
    return (await teams.post(activity, teams.sign_in.token(**claims))).status_code


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Lets time pass for what we believe of keys."""
    passed = 0.0

    def pass_(seconds: float) -> None:
        nonlocal passed
        passed += seconds

    class Clock:
        time = staticmethod(time.time)

        @staticmethod
        def monotonic() -> float:
            return time.monotonic() + passed

    monkeypatch.setattr(teams_trust, "time", Clock)
    return pass_


async def test_all_first_activities_have_the_keys_fetched_once(teams: Teams) -> None:
    answered = await asyncio.gather(*(asked(teams, number) for number in range(10)))
    assert set(answered) == {200}
    assert teams.sign_in.metadata_requests == 1


async def test_a_rotated_key_is_believed_at_once_and_the_old_one_still(teams: Teams) -> None:
    old = teams.sign_in.newest
    assert await asked(teams) == 200
    for number in range(1, 4):
        teams.sign_in.rotate()
        assert await asked(teams, number) == 200
    assert await asked(teams, 9, key=old, kid="key-0") == 200
    assert teams.sign_in.metadata_requests == 4


async def test_a_storm_of_forged_keys_neither_hammers_microsoft_nor_locks_a_new_key_out(
    teams: Teams, clock: Callable[[float], None]
) -> None:
    first = teams.sign_in.newest
    assert await asked(teams) == 200
    for _ in range(4):
        storm = (asked(teams, 1, kid=f"no-{number}") for number in range(50))
        assert set(await asyncio.gather(*storm)) == {401}
    for number in range(20):
        assert await asked(teams, 1, kid=f"no-{number}") == 401
    assert teams.sign_in.metadata_requests <= 5
    teams.sign_in.rotate()
    assert await asked(teams, 2) == 401
    assert await asked(teams, 3, kid="key-0", key=first) == 200
    clock(teams_trust.LOOK_SECONDS)
    assert await asked(teams, 4) == 200
    assert teams.sign_in.metadata_requests <= 6


@pytest.mark.parametrize("path", [METADATA, KEYS])
@pytest.mark.parametrize(
    "answer",
    [
        saying("", 500),
        saying("", 404),
        saying("<html>", kind="text/html"),
        saying("[]"),
        saying("7"),
        saying('{"keys": 7, "jwks_uri": 7}'),
        saying('{"keys": [], "jwks_uri": "http://login.botframework.com/v1/.well-known/keys"}'),
        saying(
            '{"keys": [7, null, {}, {"kid": "key-0", "kty": "RSA", "n": "!", "e": "AQAB"}], "jwks_uri": "file:///"}'
        ),
        saying("[" * 100_000),
        saying(" " * (2 << 20)),
    ],
)
async def test_what_is_no_list_of_keys_is_our_trouble_and_teams_comes_again(
    teams: Teams, path: str, answer: Answer
) -> None:
    teams.sign_in.instead[path] = answer
    async with responsive():
        assert await asked(teams) == 503
    assert not teams.dispatcher.accepted
    teams.sign_in.instead.clear()
    assert await asked(teams, 1) == 200


@pytest.mark.parametrize("answer", [hanging, dripping])
async def test_a_host_that_hangs_is_waited_for_so_long_and_holds_nobody_else_up(
    teams: Teams, monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    monkeypatch.setattr(teams_trust, "FETCH_SECONDS", 0.5)
    assert await asked(teams) == 200
    teams.sign_in.instead[METADATA] = answer
    async with responsive():
        stranger = asyncio.create_task(asked(teams, 1, kid="unknown"))
        await asyncio.sleep(0.1)
        began = time.monotonic()
        assert await asked(teams, 2) == 200
        assert time.monotonic() - began < 0.3
        assert await stranger == 503
    assert len(teams.dispatcher.accepted) == 2


async def test_while_microsoft_is_away_the_keys_of_yesterday_are_believed_for_days(
    teams: Teams, clock: Callable[[float], None]
) -> None:
    assert await asked(teams) == 200
    teams.sign_in.instead[METADATA] = saying("", 503)
    clock(DAY + 60)
    assert await asked(teams, 1) == 200
    assert await asked(teams, 2, kid="unknown") == 503
    clock(4 * DAY)
    assert await asked(teams, 3) == 200
    clock(2 * DAY)
    assert await asked(teams, 4) == 503
    teams.sign_in.instead.clear()
    clock(teams_trust.STALE_PAUSE)
    assert await asked(teams, 5) == 200


async def test_a_key_that_microsoft_takes_back_is_not_believed_for_more_than_a_day(
    teams: Teams, clock: Callable[[float], None]
) -> None:
    old = teams.sign_in.newest
    assert await asked(teams) == 200
    teams.sign_in.rotate()
    teams.sign_in.withdraw("key-0")
    assert await asked(teams, 1, key=old, kid="key-0") == 200
    clock(DAY + 60)
    assert await asked(teams, 2, key=old, kid="key-0") == 401


async def test_no_more_is_asked_of_microsoft_than_once_a_day(teams: Teams, clock: Callable[[float], None]) -> None:
    for number in range(20):
        assert await asked(teams, number) == 200
        clock(3600)
    assert teams.sign_in.metadata_requests == 1
