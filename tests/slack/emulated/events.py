"""From `emulate`'s own signed callbacks to what Slack delivers: whole envelopes, twins, only what the app may see."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from tests.slack.emulated.node import BOT, BOT_TOKEN, SECRET, TEAM

if TYPE_CHECKING:
    from tests.slack.emulated.workspace import EmulatedSlack

Event = dict[str, Any]

_PASSED: Final = frozenset({"message", "reaction_added", "reaction_removed", "member_joined_channel"})
_KINDS: Final = {"im": "im", "channel": "channels", "group": "groups", "mpim": "mpim"}


class Relay:
    """Takes `emulate`'s events and has them delivered; `seen` are all that it sent."""

    def __init__(self, slack: "EmulatedSlack") -> None:
        self._slack = slack
        self._numbers = count(1)
        self.seen: list[Mapping[str, Any]] = []

    async def take(self, request: web.Request) -> web.Response:
        """A callback of `emulate`'s, which must be signed as Slack signs."""
        body = await request.text()
        assert SignatureVerifier(SECRET).is_valid_request(body, dict(request.headers)), "emulate signs wrongly"
        envelope = json.loads(re.sub(r"http://localhost:\d+(?=/files-pri/)", self._slack.origin, body))
        self.seen.append(envelope)
        if envelope["event"]["type"] in _PASSED:
            self._slack.deliveries.start(self._pass_on(envelope))
        return web.Response()

    async def tell(self, event: Event) -> None:
        """Delivers an event that `emulate` does not know."""
        if event["type"] not in self._slack.ignored:
            await self._send(event, f"EvOWN{next(self._numbers)}")

    def envelope(self, event: Event, event_id: str) -> dict[str, Any]:
        """An event as Slack delivers it."""
        us = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT["bot_user_id"], "is_bot": True}
        channel = event.get("channel") or event.get("item", {}).get("channel")
        return {
            "token": "unused",
            "team_id": TEAM,
            "context_team_id": TEAM,
            "api_app_id": BOT["app_id"],
            "event": event,
            "type": "event_callback",
            "event_id": event_id,
            "event_time": int(time.time()),
            "authorizations": [us | {"is_enterprise_install": False}],
            "is_ext_shared_channel": channel in self._slack.foreign,
            "event_context": f"4-{event_id}",
        }

    async def _send(self, event: Event, event_id: str) -> None:
        await self._slack.deliveries.send("events_api", self.envelope(event, event_id))

    async def _pass_on(self, envelope: Mapping[str, Any]) -> None:
        event = await self._completed(envelope["event"])
        if event is None:
            return
        names = [event["type"] if event["type"] != "message" else f"message.{_KINDS[event['channel_type']]}"]
        if names[0] not in self._slack.ignored and not self._still_grows(event):
            self._slack.deliveries.start(self._send(event, envelope["event_id"]))
        for mention in self._mentions(event):
            self._slack.deliveries.start(self._send(mention, f"{envelope['event_id']}M"))

    def _still_grows(self, event: Event) -> bool:
        message = event.get("message", {})
        return self._slack.streams.growing(event.get("channel", ""), message.get("ts", "")) is not None

    async def _completed(self, event: Event) -> Event | None:
        """The event with what `emulate` leaves out; None if the app may not see it."""
        item = event.get("item", {})
        channel = event.get("channel") or item.get("channel")
        found = await self._slack.emulate("conversations.info", BOT_TOKEN, channel=channel)
        place = found.get("channel", {})
        if not (place.get("is_im") or place.get("is_mpim") or place.get("is_member")):
            return None
        event = {**event, "event_ts": event.get("event_ts") or event.get("ts") or f"{time.time():.6f}"}
        if event["type"] == "message":
            return self._message(event, _kind(place))
        if item:
            message = await self._slack.message(channel, item["ts"])
            return event | ({"item_user": message["user"]} if message else {})
        return event

    def _message(self, event: Event, kind: str) -> Event:
        event = {**event, "channel_type": kind}
        before = event.get("previous_message", {})
        if event.get("subtype") == "message_deleted" and before.get("reply_count"):
            stone = {"type": "message", "subtype": "tombstone", "user": "USLACKBOT", "ts": before["ts"]}
            stone |= {"text": "This message was deleted.", "thread_ts": before["ts"], "hidden": True}
            return {**event, "subtype": "message_changed", "message": stone}
        if not event.get("subtype") or event.get("files"):
            return event | self._origin(event.get("user", ""))
        return event

    def _origin(self, user: str) -> Event:
        """The company that the author belongs to."""
        someone = next((one for one in self._slack.people.values() if one.id == user), None)
        team = someone.traits.get("team_id", TEAM) if someone else TEAM
        return {"team": team, **({"user_team": team, "source_team": team} if team != TEAM else {})}

    def _mentions(self, event: Event) -> Iterator[Event]:
        """The twin of a message that mentions the app; direct messages have none."""
        message = event.get("message", event)
        said = str(message.get("text", ""))
        changed = event.get("subtype") not in {None, "file_share", "thread_broadcast", "message_changed"}
        if event["type"] != "message" or event["channel_type"] == "im" or changed or message.get("bot_id"):
            return
        if f"<@{BOT['bot_user_id']}>" in said and "app_mention" not in self._slack.ignored:
            kept = ("user", "text", "ts", "thread_ts", "team", "user_team", "source_team", "files", "edited", "blocks")
            twin = {key: message[key] for key in kept if key in message}
            yield {"type": "app_mention", **twin, "channel": event["channel"], "event_ts": event["event_ts"]}


def _kind(place: Mapping[str, Any]) -> str:
    if place.get("is_im"):
        return "im"
    if place.get("is_mpim"):
        return "mpim"
    return "group" if place.get("is_private") else "channel"
