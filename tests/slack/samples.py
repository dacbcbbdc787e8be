"""Slack's own sample events, from the shared data."""

import json
from collections.abc import Iterator
from typing import Any

from tests.public_data import public_data


def sample_events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every sample of an Events API payload by its name, with its placeholder for the type filled in."""
    files = sorted(public_data("slack-json-logs/samples/events").glob("*.json"))
    assert files
    for file in files:
        yield file.stem, json.loads(file.read_text("utf-8")) | {"type": "event_callback", "event_id": f"Ev-{file.stem}"}
