"""Slack's own samples, and what becomes of them when things go wrong: nothing of it breaks us."""

import asyncio
import contextlib
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from redis.asyncio import Redis

from adapters.slack import SlackAdapter
from adapters.slack_calls import SlackCalls
from adapters.slack_client import Lines
from adapters.slack_commands import (
    AGAIN,
    ASK,
    FEEDBACK,
    MESSAGE_SHORTCUT,
    PERSON,
    QUESTION_FORM,
    REASONS_FORM,
    SHARE,
    SOURCE,
    STOP,
)
from adapters.slack_refusals import NotTaken
from adapters.slack_views import question_form, reasons_form
from adapters.slack_workspaces import OneWorkspace
from bot.events import Again, Command, Deleted, Edited, Event, Feedback, Receipt, Turn
from bot.model import ExtractiveModel
from bot.pace import FreePace
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House
from tests.mutations import mutated
from tests.slack.desk import SECRET, Desk, OneAnswer, opened
from tests.slack.samples import body, filled, sample_answers, sample_events, sample_interactions
from tests.slack.standin import SlackStandIn

EVENTS, INTERACTIONS = 96, 9
MUTATIONS = 50
PRESSES = {
    FEEDBACK: "up 1767603605.000200", STOP: "slack:T0HOUSE:C0GENERAL:", AGAIN: "0b5c1f7e 1767603605.000200",
    SOURCE: "-", PERSON: "1767603605.000200", SHARE: "0b5c1f7e", ASK: "What about leave?",
}  # fmt: skip
ON_PURPOSE = ("the app was uninstalled", "slack lets nobody be told")
SUBMITTED = (QUESTION_FORM, REASONS_FORM, MESSAGE_SHORTCUT)


@dataclass
class Door:
    """Our way in, and what came in by it."""

    desk: Desk
    taken: Counter[type[Event]]

    async def post(self, payload: str, kind: str) -> int:
        """Posts it; the status, 599 where the line broke."""
        try:
            return (await self.desk.post(payload, kind=kind))[0]
        except aiohttp.ClientError:
            return 599


@pytest.fixture
async def door(slack: SlackStandIn, redis: Redis, guard: Guard, library: Library) -> AsyncIterator[Door]:
    """The real app with a real inbox behind it."""
    dispatcher = House(redis, guard, library, ExtractiveModel()).dispatcher
    taken: Counter[type[Event]] = Counter()
    accept = dispatcher.accept

    async def counted(event: Event) -> Receipt:
        taken[type(event)] += 1
        return await accept(event)

    dispatcher.accept = counted  # type: ignore[method-assign]  # it watches, and changes nothing
    adapter = SlackAdapter(dispatcher, bot_token=slack.bot_token, signing_secret=SECRET, api_url=slack.api_url)
    await adapter.start()
    async with opened(adapter) as desk:
        yield Door(desk, taken)
    await adapter.stop()


@dataclass(frozen=True)
class Sample:
    """A sample of what Slack sends; `event` tells whether it is one, or else an interaction."""

    name: str
    payload: dict[str, Any]
    event: bool

    def body(self, spoiled: int) -> tuple[str, str]:
        """It as Slack posts it, once with nothing wrong and then each time otherwise spoiled."""
        payload = mutated(self.payload, f"{self.name}-{spoiled}") if spoiled else self.payload
        return body(self.name, payload, event=self.event)


def samples(plausible: bool, number: int = 0) -> Iterator[Sample]:
    """Every sample, as it stands or with plausible values."""
    action, value = list(PRESSES.items())[number % len(PRESSES)]
    known = {"action_id": action, "value": value, "callback_id": SUBMITTED[number % len(SUBMITTED)]}
    for sample in _as_they_stand():
        made = filled(sample.payload, **known) if plausible else sample.payload
        if plausible and "view" in made:
            made["view"] |= {"state": {"values": dict(_values(number))}, "private_metadata": '{"channel": "C0GENERAL"}'}
        yield replace(sample, payload=made)


@cache
def _as_they_stand() -> list[Sample]:
    events = [Sample(name, payload, True) for name, payload in sample_events()]
    return events + [Sample(name, payload, False) for name, payload in sample_interactions()]


def _values(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What a person puts into one of our forms."""
    forms = (question_form("en", "How many days?"), reasons_form("en", "", [("hr/leave.md", "Leave")]))
    for block in forms[number % 2].to_dict().get("blocks", []):
        if element := block.get("element"):
            chosen = {"selected_option": (element.get("options") or [None])[0]}
            put = {"value": "Too short."} if element["type"] == "plain_text_input" else chosen
            yield block.get("block_id", ""), {element["action_id"]: {"type": element["type"], **put}}


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log calls an error, other than what we say on purpose."""
    loud = [record for record in caplog.records if record.levelno >= logging.ERROR]
    told = [f"{record.name}: {record.getMessage()} {record.__dict__.get('error', '')}" for record in loud]
    return [line for line in told if not any(purpose in line for purpose in ON_PURPOSE)]


@pytest.mark.timeout(90)
@pytest.mark.parametrize("plausible", [False, True])
async def test_every_sample_and_fifty_mutations_of_each(
    door: Door, caplog: pytest.LogCaptureFixture, plausible: bool
) -> None:
    statuses: Counter[int] = Counter()
    for number in range(1 + MUTATIONS):
        sent = list(samples(plausible, number))
        said = await asyncio.gather(*(door.post(*sample.body(number)) for sample in sent))
        broke = [f"{sample.name} {number}" for sample, status in zip(sent, said, strict=True) if status >= 500]
        assert not (broke or errors(caplog)), (broke, errors(caplog))
        caplog.clear()
        statuses.update(said)
    assert statuses.total() == (1 + MUTATIONS) * (EVENTS + INTERACTIONS)
    assert statuses[200] > 0.5 * statuses.total()
    assert not plausible or {Turn, Edited, Deleted, Feedback, Command, Again} <= door.taken.keys()


async def test_over_the_socket_every_sample_is_acknowledged(
    slack: SlackStandIn, dispatcher: OneAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    adapter = SlackAdapter(
        dispatcher, bot_token=slack.bot_token, app_token=slack.app_token, signing_secret="", api_url=slack.api_url
    )
    await adapter.start()
    for sample in (*samples(False), *samples(True)):
        if sample.event or sample.payload.get("type") in {"block_actions", "view_submission"}:
            kind = "events_api" if sample.event else "interactive"
            async with asyncio.timeout(5):
                await (await slack.deliver(sample.payload, kind))
    await dispatcher.idle()
    await adapter.stop()
    assert not errors(caplog)
    assert slack.posts


@pytest.mark.parametrize("taken", [True, False])
async def test_what_slacks_methods_answer_breaks_nothing(
    dispatcher: OneAnswer, caplog: pytest.LogCaptureFixture, taken: bool
) -> None:
    async with answering(taken) as url:
        adapter = SlackAdapter(dispatcher, bot_token="xoxb-house-0001", signing_secret=SECRET, api_url=url)
        await adapter.start()
        async with opened(adapter) as desk:
            door = Door(desk, Counter())
            for number in range(len(PRESSES)):
                dispatcher.receipt = Receipt(note="Noted.", offer="0b5c1f7e") if number % 2 else Receipt()
                await asyncio.gather(*(door.post(*sample.body(0)) for sample in samples(True, number)))
            await asyncio.wait_for(dispatcher.idle(), 5)
        await adapter.stop()
    assert not errors(caplog)


@pytest.mark.filterwarnings("ignore:.* is deprecated:UserWarning")  # of slack_sdk, about methods that we never call
async def test_each_methods_answer_is_taken_or_refused_in_our_words() -> None:
    asked, refused = Counter[str](), Counter[str]()
    for taken in (True, False):
        async with answering(taken) as url:
            lines = Lines(url)
            calls = SlackCalls(OneWorkspace(lines, "xoxb-house-0001"), FreePace())
            for method, _ in sample_answers():
                asked[method] += 1
                try:
                    assert isinstance(await calls.call(method, {}), dict)
                except NotTaken as refusal:
                    refused[method] += not taken or bool(refusal.reason)
            await lines.close()
    assert len(asked) > 300
    assert all(refused[method] for method in asked)


@contextlib.asynccontextmanager
async def answering(taken: bool) -> AsyncIterator[str]:
    """A Slack whose methods answer with its samples, whatever they are asked."""
    said = {method: json.loads(text) for method, text in sample_answers()}

    async def answer(request: web.Request) -> web.Response:
        sample = said.get(request.match_info["method"], {})
        error = {} if taken else {"error": "fatal_error_of_the_sample"}
        return web.json_response({**sample, **error, "ok": taken} if isinstance(sample, dict) else sample)

    app = web.Application()
    app.router.add_route("*", "/api/{method}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    await runner.cleanup()
