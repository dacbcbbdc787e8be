"""Slack's own samples, from the shared data: what it sends to apps, and what its methods answer."""

import json
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any, Final
from urllib.parse import urlencode

from tests.public_data import public_data

# In place of placeholders, by their names, and of `id` by the name of what it stands in.
_PLAUSIBLE: Final[Mapping[str, str]] = {
    "team": "T0HOUSE", "team_id": "T0HOUSE", "user": "U0ANNA", "user_id": "U0ANNA", "item_user": "U0GEIST",
    "reaction": "+1", "name": "file.pdf", "mimetype": "application/pdf", "url_private": "https://files.slack.com/f",
    "response_url": "https://hooks.slack.com/actions/T0HOUSE/1/x", "tab": "messages", "api_app_id": "A0GEIST",
    "hash": "1.abc", "view_id": "V0VIEW", "command": "/hausgeist", "type": "message",
}  # fmt: skip
_IDS: Final[Mapping[str, str]] = {"team": "T0HOUSE", "user": "U0ANNA", "view": "V0VIEW", "files": "F0FILE"}
_TIMES: Final = ("ts", "event_ts", "message_ts", "action_ts", "deleted_ts")
_ROOMS: Final = (("im", "D0ANNA"), ("channel", "C0GENERAL"), ("group", "G0BOARD"), ("mpim", "G0THREE"))
_SAID: Final = ("<@U0GEIST> How many days of annual leave do I have?", "stop", "reset", "enable answer", "disable", "")
_PLACEHOLDERS: Final = frozenset({"", "0000000000.000000"})

_numbers = count(1)


def sample_events() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every sample of an Events API payload by its name, with its placeholder for the type filled in."""
    files = sorted(public_data("slack-json-logs/samples/events").glob("*.json"))
    assert files
    for file in files:
        yield file.stem, json.loads(file.read_text("utf-8")) | {"type": "event_callback", "event_id": f"Ev-{file.stem}"}


def sample_interactions() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every sample of what people press, submit and command, by its name."""
    files = sorted(public_data("slack-json-logs/samples/app-backend").glob("*/*.json"))
    assert files
    for file in files:
        yield file.stem, json.loads(file.read_text("utf-8"))


def sample_answers() -> Iterator[tuple[str, str]]:
    """Every sample of a method's answer, as text, by the method."""
    files = sorted(public_data("slack-json-logs/samples/api").glob("*.json"))
    assert files
    for file in files:
        yield file.stem, file.read_text("utf-8")


def filled(sample: dict[str, Any], **known: str) -> dict[str, Any]:
    """The sample with plausible values, and those known, for its placeholders; each call makes another event of it."""
    number = next(_numbers)
    kind, room = _ROOMS[number % 4]
    ts = f"{1767603600 + number}.{number:06}"
    said = _SAID[number // 4 % 10] if number // 4 % 10 < len(_SAID) else _SAID[0]
    own = {"channel_type": kind, "channel": room, "channel_id": room, "text": said, "trigger_id": f"13.{number}.abc"}
    places = {**_PLAUSIBLE, **dict.fromkeys(_TIMES, ts), **own, **known}
    made: dict[str, Any] = _filled(sample, places, {**_IDS, "channel": room})
    if "event" in made:
        made |= {"event_id": f"Ev{number}", "event": _said(made["event"], number)}
        made["authorizations"] = [{"team_id": "T0HOUSE", "user_id": "U0GEIST", "is_bot": True}]
    return made


def body(name: str, payload: Mapping[str, Any], *, event: bool) -> tuple[str, str]:
    """A payload as Slack posts it, and the kind of that."""
    if event:
        return json.dumps(payload), "application/json"
    fields = payload if name.startswith("SlashCommand") else {"payload": json.dumps(payload)}
    return urlencode(fields, errors="replace"), "application/x-www-form-urlencoded"


def _filled(value: Any, names: Mapping[str, str], ids: Mapping[str, str], key: str = "", within: str = "") -> Any:
    if isinstance(value, dict):
        return {name: _filled(inner, names, ids, name, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, names, ids, key, within) for inner in value]
    if value not in _PLACEHOLDERS or isinstance(value, bool | int):
        return value
    return ids.get(within, "") if key == "id" else names.get(key, value)


def _said(event: dict[str, Any], number: int) -> dict[str, Any]:
    """The event as most are: not edited, not by a bot; an edit changed the text."""
    left_out = {"bot_profile", "app_id", "edited" if number % 3 else ""}
    message = {key: it for key, it in event.items() if key not in left_out}
    if isinstance(before := event.get("previous_message"), dict):
        message["previous_message"] = before | {"text": "Before"}
    if number % 2 and isinstance(event.get("ts"), str):
        message["thread_ts"] = "1767603600.000100"
    return message
