"""What admins do with parked turns: replay, drop, and one honest line for each."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.inbox import Inbox
from bot.seal import Seal
from ops.build import make_private, secret_key
from ops.settings import Settings
from ops.waiting import drop, replay, show_line, show_parked
from tests.bot.house import turn
from tests.house_process import hausgeist


@pytest.fixture
async def settings(tmp_path: Path, redis: Redis, redis_url: str) -> Settings:
    """Settings of a house in whose empty Redis two turns were parked, p1 and p2."""
    given = {"data_dir": tmp_path / "data", "redis_url": redis_url, "redis_lenient": True}
    settings = Settings.model_validate(given)
    make_private(settings.data_dir)
    inbox = Inbox(redis, Seal(secret_key(settings)))
    for number in (1, 2):
        await inbox.accept(turn(f"Where is key {number}?", conversation=f"test:{number}"))
        job = await inbox.take()
        assert job
        await inbox.park(job, f"p{number}", {"reason": "failed too often"})
    return settings


async def test_what_is_replayed_is_in_line_again(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert await replay(settings, ("p1", "nope", "p1")) == ["nope"]
    await show_line(settings)
    await show_parked(settings)
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "In line again: 1"
    assert told[1].startswith("1 questions open: 1 conversations wait, 0 are being answered, 0 are put off; 1 turns")
    assert told[2].startswith("p2 ")
    assert told[2].endswith("reason failed too often")


async def test_what_is_dropped_is_gone(settings: Settings, redis: Redis, capsys: pytest.CaptureFixture[str]) -> None:
    assert await drop(settings, ("p2",)) == []
    assert await drop(settings, ()) == []
    assert await drop(settings, ("p1",)) == ["p1"]
    await show_parked(settings)
    assert capsys.readouterr().out.splitlines() == ["Deleted: 1", "Deleted: 1", "Nothing is parked."]
    assert not await redis.keys("*parked*")


async def test_nothing_is_said_to_be_done_that_was_not(settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert await replay(settings, ("nope", "never")) == ["nope", "never"]
    assert capsys.readouterr().out == ""


@pytest.mark.timeout(60)
async def test_an_unknown_id_is_one_line_on_stderr(settings: Settings, tmp_path: Path, redis_url: str) -> None:
    there = {"HAUSGEIST_REDIS_URL": redis_url, "HAUSGEIST_REDIS_LENIENT": "1"}
    for verb in ("replay", "drop"):
        outcome = await hausgeist(tmp_path, "admin", verb, "nope", **there)
        assert (outcome.status, outcome.out) == (1, "")
        assert outcome.err.splitlines()[-1] == "hausgeist: not parked: nope; `hausgeist admin parked` lists what is"
        for words in ([], ["p1", "--all"]):
            assert (await hausgeist(tmp_path, "admin", verb, *words, **there)).status == 2
    everything = await hausgeist(tmp_path, "admin", "drop", "--all", **there)
    assert everything.out == "Deleted: 2\n"
