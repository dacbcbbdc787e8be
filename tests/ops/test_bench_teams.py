"""The bench of Teams in short: the SDK's bot makes the posts that ours made, and whoever calls needs a token."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest

from ops.bench.teams import KINDS, SDK, WAYS, played
from ops.bench.teams_bare import Mended
from ops.bench.teams_microsoft import Microsoft
from ops.bench.teams_watch import Kind, Seen, Watched
from ops.bench.ways import Ways, usual
from ops.embedded import embedded_valkey

pytestmark = pytest.mark.timeout(60)

SAID = ("type", "text", "summary", "attachments", "entities", "channelData")


@dataclass
class Stage:
    microsoft: Microsoft
    workplace: Watched
    http: aiohttp.ClientSession
    ways: Ways

    async def ask(self, url: str, kind: Kind = "personal", times: int = 1) -> list[Seen]:
        return [await self.workplace.ask(kind, self.http, url) for _ in range(times)]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with played(tmp_path) as (microsoft, workplace), aiohttp.ClientSession() as http:
        yield Stage(microsoft, workplace, http, Ways(WAYS, tmp_path, http, microsoft.environment))


async def test_the_sdks_bot_answers_with_the_posts_that_ours_made(stage: Stage, tmp_path: Path) -> None:
    calls: dict[Kind, Any] = {}
    async with embedded_valkey(tmp_path) as redis_url:
        known = {"teams_url": stage.workplace.teams_url, "redis_url": redis_url}
        async with stage.ways.way("ours", known) as ours:
            for kind in KINDS:
                calls[kind] = usual(await stage.ask(ours.url, kind, 2))
    async with stage.ways.way("kept", {"calls": calls}) as bare:
        for kind in KINDS:
            (told,) = await stage.ask(bare.url, kind)
            assert [method for method, _ in told.calls] == [method for method, _ in calls[kind]][: len(told.calls)]
            for (_, made), (_, ours_made) in zip(told.template(), calls[kind], strict=False):
                assert {key: made["said"].get(key) for key in SAID} == {key: ours_made["said"].get(key) for key in SAID}


async def test_the_times_are_of_the_first_thing_seen_and_of_the_first_words(stage: Stage) -> None:
    async with stage.ways.way("bare", {"calls": PLACEHOLDER_FIRST}) as bare:
        (seen,) = await stage.ask(bare.url, "channel")
    assert seen.asked < seen.first < seen.words
    assert [(method, call["about"]) for method, call in seen.template()] == [("post", "$activity"), ("edit", "$0")]


async def test_it_signs_in_for_every_turn_unless_its_credentials_are_kept(stage: Stage) -> None:
    signed_in = {}
    for name in SDK:
        before = stage.microsoft.asked["token"]
        async with stage.ways.way(name, {"calls": PLACEHOLDER_FIRST}) as member:
            await stage.ask(member.url, "channel", 3)
        signed_in[name] = stage.microsoft.asked["token"] - before
    assert signed_in == {"bare": 3, "cached": 1, "kept": 1}
    assert get_args(Mended) == SDK


async def test_our_adapter_answers_nobody_without_a_token(stage: Stage) -> None:
    async with stage.ways.way("adapter", {"teams_url": stage.workplace.teams_url}) as adapter:
        await stage.ask(adapter.url)
        stage.workplace.token = stage.workplace.token[:-8] + "AAAAAAAA"
        with pytest.raises(aiohttp.ClientResponseError, match="401"):
            await stage.ask(adapter.url)
    assert stage.microsoft.asked["token"] == 1


ANSWER = {"type": "https://schema.org/Message", "@type": "Message", "additionalType": ["AIGeneratedContent"]}
PLACEHOLDER_FIRST: dict[Kind, Any] = {
    "channel": [
        ["post", {"about": "$activity", "said": {"type": "message", "text": "Searching …"}}],
        ["edit", {"about": "$0", "said": {"type": "message", "text": "The answer to that", "entities": [ANSWER]}}],
    ]
}
