"""The bench of Slack in short: it takes the time of what is seen, and bare bolt makes the calls that ours made."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from ops.bench.slack import WAYS
from ops.bench.slack_watch import Watched
from ops.bench.ways import Ways, usual
from ops.embedded import embedded_valkey

pytestmark = pytest.mark.timeout(60)


async def test_bare_bolt_answers_with_the_calls_that_ours_made(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as redis_url, Watched() as workplace, aiohttp.ClientSession() as http:
        known: dict[str, Any] = {"slack_url": workplace.slack_url, "redis_url": redis_url}
        async with Ways(WAYS, tmp_path, http).way("ours", known) as ours:
            seen = [await workplace.ask(http, ours.url) for _ in range(3)]
        known["calls"] = usual(seen)
        async with Ways(WAYS, tmp_path, http).way("bare", known) as bare:
            told = await workplace.ask(http, bare.url)
        assert [method for method, _ in told.calls] == [method for method, _ in known["calls"]][: len(told.calls)]
        assert {call["channel"] for _, call in told.calls if "channel" in call} == {told.channel}


async def test_the_times_are_of_the_first_thing_seen_and_of_the_first_words(tmp_path: Path) -> None:
    async with Watched() as workplace, aiohttp.ClientSession() as http:
        known = {"slack_url": workplace.slack_url, "calls": STATUS_FIRST}
        async with Ways(WAYS, tmp_path, http).way("bare", known) as bare:
            seen = await workplace.ask(http, bare.url)
    assert seen.asked < seen.first < seen.words
    for (method, call), (given, arguments) in zip(seen.template(), STATUS_FIRST, strict=True):
        assert (method, call) == (given, arguments | {"team_id": seen.team})  # which bolt adds


THUMBS = {"type": "context_actions", "elements": [{"type": "feedback_buttons", "action_id": "hausgeist_feedback"}]}
STATUS_FIRST: list[Any] = [
    ["assistant.threads.setStatus", {"channel_id": "$channel", "thread_ts": "$thread", "status": "Searching …"}],
    ["chat.postMessage", {"channel": "$channel", "thread_ts": "$thread", "text": "The answer to", "blocks": []}],
    ["chat.update", {"channel": "$channel", "ts": "$ts", "text": "The answer to that", "blocks": [THUMBS]}],
]
