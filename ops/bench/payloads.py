"""What Slack and Teams send us, as the benchmarks need it; signed when it leaves, for signatures grow old."""

import hashlib
import hmac
import time
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import quote

import orjson

from ops.bench.standins import BOT, TEAM, TEAMS_BOT, TENANT, new_ts

TEAMS_NAME: Final = "Hausgeist"
SIGNING_SECRET: Final = "signing-secret-of-the-bench"  # noqa: S105 - opens nothing: the bench's own processes take it

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
_ORIGIN: Final = {
    "team_id": TEAM,
    "authorizations": [{"team_id": TEAM, "user_id": BOT, "is_bot": True}],
    "type": "event_callback",
}
_CLIENT: Final = {
    "type": "clientInfo",
    "locale": "en-GB",
    "country": "GB",
    "platform": "Web",
    "timezone": "Europe/London",
}
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Payload:
    """One delivery to `path` of a web replica; the platform repeats it byte by byte."""

    path: str
    body: bytes
    kind: str = _JSON

    def headers(self) -> dict[str, str]:
        """The headers of a delivery that leaves now."""
        headers = {"Content-Type": self.kind}
        if not self.path.startswith("/slack/"):
            return headers
        stamp = str(int(time.time()))
        signed = hmac.new(SIGNING_SECRET.encode(), f"v0:{stamp}:".encode() + self.body, hashlib.sha256)
        return headers | {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={signed.hexdigest()}"}


def slack_direct(channel: str, user: str, text: str, ts: str, thread: str = "") -> Payload:
    """A direct message; `channel` begins with D."""
    return _slack_event({"type": "message", "channel_type": "im"}, channel, user, text, ts, thread)


def slack_mention(channel: str, user: str, text: str, ts: str, thread: str = "") -> tuple[Payload, Payload]:
    """A mention in a channel and its twin: Slack sends both, with the same ts and an event id each."""
    text = f"<@{BOT}> {text}"
    twin = {"type": "message", "channel_type": "channel"}
    return (
        _slack_event({"type": "app_mention"}, channel, user, text, ts, thread),
        _slack_event(twin, channel, user, text, ts, thread),
    )


def slack_talk(channel: str, user: str, text: str, ts: str) -> Payload:
    """What colleagues say in a channel without us."""
    return _slack_event({"type": "message", "channel_type": "channel"}, channel, user, text, ts, "")


def slack_reaction(channel: str, user: str, ts: str, reaction: str = "+1") -> Payload:
    """A reaction to our message `ts`."""
    item = {"type": "message", "channel": channel, "ts": ts}
    event = {"type": "reaction_added", "user": user, "reaction": reaction, "item": item, "item_user": BOT}
    return _callback(event | {"event_ts": new_ts()})


def slack_press(channel: str, thread: str, user: str, message: str, action: str, value: str) -> Payload:
    """A pressed button under our message."""
    pressed = {
        "type": "block_actions",
        "user": {"id": user, "team_id": TEAM},
        "team": {"id": TEAM, "domain": "bench"},
        "channel": {"id": channel, "name": "bench"},
        "container": {"type": "message", "message_ts": message, "channel_id": channel, "thread_ts": thread},
        "message": {"type": "message", "user": BOT, "ts": message, "thread_ts": thread, "text": ""},
        "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": new_ts()}],
    }
    return Payload("/slack/events", f"payload={quote(orjson.dumps(pressed))}".encode(), _FORM)


def teams_message(service_url: str, conversation: str, user: str, text: str, activity: str) -> Payload:
    """A message in a personal chat."""
    said = {"text": text, "entities": [_CLIENT], "textFormat": "plain"}
    return _teams_activity(service_url, conversation, user, activity, said)


def teams_mention(service_url: str, conversation: str, user: str, text: str, activity: str) -> Payload:
    """A mention in a channel; `conversation` carries its thread as `;messageid=`."""
    called = f"<at>{TEAMS_NAME}</at>"
    mention = {"type": "mention", "mentioned": {"id": TEAMS_BOT, "name": TEAMS_NAME}, "text": called}
    said = {"text": f"{called} {text}\n", "entities": [mention, _CLIENT], "textFormat": "plain"}
    return _teams_activity(service_url, conversation, user, activity, said)


def teams_press(service_url: str, conversation: str, user: str, message: str, value: Mapping[str, str]) -> Payload:
    """A pressed button of a card under our message."""
    return _teams_activity(service_url, conversation, user, new_activity(), {"value": value, "replyToId": message})


def new_activity() -> str:
    """An activity id, later than all before it."""
    return f"{int(time.time() * 1000)}{next(_numbers):06}"


def _slack_event(kind: Mapping[str, str], channel: str, user: str, text: str, ts: str, thread: str) -> Payload:
    event = {**kind, "channel": channel, "user": user, "text": text, "ts": ts, "event_ts": ts, "team": TEAM}
    return _callback(event | {"thread_ts": thread} if thread else event)


def _callback(event: Mapping[str, Any]) -> Payload:
    about = {"event_id": f"Ev{next(_numbers):010}", "event_time": int(time.time())}
    return Payload("/slack/events", orjson.dumps({**_ORIGIN, **about, "event": event}))


def _teams_activity(
    service_url: str, conversation: str, user: str, activity: str, said: Mapping[str, object]
) -> Payload:
    now = time.time()
    moment = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now % 1 * 1000):03}"
    channel, _, root = conversation.partition(";messageid=")
    body = {
        "type": "message",
        "id": activity,
        "timestamp": f"{moment}Z",
        "localTimestamp": f"{moment}+00:00",
        "channelId": "msteams",
        "serviceUrl": service_url,
        "from": {"id": f"29:{user}", "name": user, "aadObjectId": user},
        "recipient": {"id": TEAMS_BOT, "name": TEAMS_NAME},
        "conversation": {"id": conversation, "conversationType": "personal", "tenantId": TENANT},
        "channelData": {"tenant": {"id": TENANT}},
        "locale": _CLIENT["locale"],
        "localTimezone": _CLIENT["timezone"],
    }
    if root:
        body["conversation"] = {"isGroup": True, "conversationType": "channel", "tenantId": TENANT, "id": conversation}
        body["channelData"] = {"channel": {"id": channel}, "team": {"id": channel}, "tenant": {"id": TENANT}}
    return Payload("/api/messages", orjson.dumps({**body, **said}))
