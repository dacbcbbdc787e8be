"""The door: who may post to /slack/events, what is acknowledged, and what the log says of it."""

import json
import logging
import time

import pytest

from adapters.slack import SlackAdapter
from tests.slack.desk import Desk, OneAnswer, recorded
from tests.slack.samples import sample_events
from tests.slack.standin import SlackStandIn


async def test_a_wrong_secret_is_refused(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    assert await desk.event(recorded("app_mention"), secret="wrong") == 401
    assert (dispatcher.events, slack.posts) == ([], [])


@pytest.mark.parametrize("stamp", [str(int(time.time()) - 301), "soon", "", "-1", "²", "9" * 5000, "1e9"])
async def test_a_stale_or_strange_timestamp_is_refused(desk: Desk, dispatcher: OneAnswer, stamp: str) -> None:
    assert await desk.event(recorded("app_mention"), at=stamp) == 401
    assert dispatcher.events == []


@pytest.mark.parametrize("hours", [-1, 1])
async def test_an_event_whose_clock_is_off_is_answered_once(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn, hours: int
) -> None:
    payload, ts = recorded("app_mention"), f"{time.time() + 3600 * hours:.6f}"
    payload["event"] |= {"ts": ts, "event_ts": ts}
    for _ in range(4):
        assert await desk.event(payload | {"event_time": int(float(ts))}) == 200
    await dispatcher.idle()
    [turn] = dispatcher.turns
    assert turn.sent_at == float(ts)
    assert [post.thread for post in slack.posts] == [ts]


@pytest.mark.parametrize("signature", ["", "v0=", "v0=é"])
async def test_a_strange_signature_is_refused(desk: Desk, dispatcher: OneAnswer, signature: str) -> None:
    status, _ = await desk.post("{}", **{"X-Slack-Signature": signature})
    assert status == 401
    assert dispatcher.events == []


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[1]",
        "7",
        "null",
        '"text"',
        "[" * 100_000,
        b'{"a": "\xff"}',
        '{"team": 5}',
        '{"type": "event_callback", "event": null}',
    ],
)
async def test_a_malformed_body_is_refused(desk: Desk, dispatcher: OneAnswer, body: str | bytes) -> None:
    status, _ = await desk.post(body)
    assert status == 400
    assert dispatcher.events == []


async def test_slack_may_check_the_address(desk: Desk) -> None:
    check = recorded("url_verification")
    status, text = await desk.post(json.dumps(check))
    assert (status, json.loads(text)) == (200, {"challenge": check["challenge"]})
    form = "application/x-www-form-urlencoded"
    assert (await desk.post("ssl_check=1&token=t", kind=form))[0] == 200


@pytest.mark.parametrize("payload", ["ignored_app_home_opened", "ignored_message_channel", "ignored_own_message"])
async def test_what_is_not_for_us_is_acknowledged(desk: Desk, dispatcher: OneAnswer, payload: str) -> None:
    assert await desk.event(recorded(payload)) == 200
    assert dispatcher.events == []


async def test_a_foreign_button_is_acknowledged(desk: Desk, dispatcher: OneAnswer) -> None:
    assert await desk.button(recorded("ignored_button")) == 200
    assert dispatcher.events == []


async def test_every_kind_of_event_is_acknowledged(desk: Desk) -> None:
    for name, event in sample_events():
        assert await desk.event(event) == 200, name


async def test_without_state_slack_is_asked_to_come_again(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn
) -> None:
    dispatcher.down = True
    assert await desk.event(recorded("app_mention")) == 503
    dispatcher.down = False
    assert await desk.event(recorded("app_mention")) == 200
    await dispatcher.idle()
    assert len(slack.posts) == 1


async def test_an_event_that_breaks_us_comes_again(
    desk: Desk, dispatcher: OneAnswer, caplog: pytest.LogCaptureFixture
) -> None:
    dispatcher.broken = True
    assert await desk.event(recorded("app_mention")) == 500
    assert "ValueError" in str(caplog.records[-1].__dict__)
    assert "annual leave" not in caplog.text


async def test_taking_an_event_needs_no_call_to_slack(desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn) -> None:
    assert await desk.event(recorded("reaction_added")) == 200
    assert (len(dispatcher.events), slack.calls) == (1, [])


async def test_the_log_holds_no_text_and_no_secret(
    desk: Desk, dispatcher: OneAnswer, slack: SlackStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await desk.event(recorded("app_mention"), secret="wrong")
    await desk.post('{"text": "annual leave"')
    await desk.event(recorded("app_mention"))
    await desk.event(recorded("ignored_message_channel"))
    await dispatcher.idle()
    written = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in caplog.records)
    assert "refused" in written
    for secret in ("annual leave", "25 days", "Lunch", slack.bot_token, "8f742231"):
        assert secret not in written


def test_without_a_secret_there_is_no_door(dispatcher: OneAnswer) -> None:
    assert SlackAdapter(dispatcher, bot_token="xoxb-1", signing_secret="").routes() == []
