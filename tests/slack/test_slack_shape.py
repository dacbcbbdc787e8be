"""Payloads over which bolt would stumble are told from Slack's own."""

from typing import Any

import pytest

from adapters.slack_shape import misshapen
from tests.slack.desk import recorded
from tests.slack.samples import sample_events, sample_interactions


def test_slacks_own_samples_have_its_shape() -> None:
    for name, payload in (*sample_events(), *sample_interactions()):
        assert not misshapen(payload), name


@pytest.mark.parametrize("name", ["app_mention", "button_helpful", "slash_command", "url_verification"])
def test_recorded_payloads_have_its_shape(name: str) -> None:
    assert not misshapen(recorded(name))


@pytest.mark.parametrize(
    "payload",
    [
        {"type": "event_callback"},
        {"type": "event_callback", "event": None},
        {"type": "event_callback", "event": {"type": 5}},
        {"event": []},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": []},
        {"type": "block_actions", "actions": {"0": {}}},
        {"type": "interactive_message", "actions": [7]},
        {"type": "view_submission"},
        {"type": "view_submission", "view": {"callback_id": "x"}},
        {"type": "view_closed", "view": None},
        {"type": "view_submission", "view": "x"},
        {"type": "message_action", "callback_id": ["x"]},
        {"authorizations": {"a": 1}},
        {"authorizations": [None]},
    ],
)
def test_what_bolt_would_stumble_over_is_found(payload: dict[str, Any]) -> None:
    assert misshapen(payload)


@pytest.mark.parametrize("payload", [{}, {"authorizations": None}, {"authorizations": []}, {"view": None}])
def test_what_is_missing_is_missed_by_nobody(payload: dict[str, Any]) -> None:
    assert not misshapen(payload)
