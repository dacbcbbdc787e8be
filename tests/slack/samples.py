"""Slack's own sample events, from the shared data."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def sample_events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every sample of an Events API payload by its name, with its placeholder for the type filled in."""
    data = Path(__file__).parents[2] / os.environ.get("HAUSGEIST_DATA", "../shared/data")
    folder = data / "slack-json-logs" / "samples" / "events"
    files = sorted(folder.glob("*.json"))
    assert files, f"no sample events in {folder.resolve()}: set HAUSGEIST_DATA to the folder of the shared data"
    for file in files:
        yield file.stem, json.loads(file.read_text("utf-8")) | {"type": "event_callback", "event_id": f"Ev-{file.stem}"}
