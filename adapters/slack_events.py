"""Slack's payloads in our words: payload in, event out, `None` for what is not ours. Knows no network and no SDK."""

import re
from collections.abc import Mapping
from typing import Final

from adapters.slack_commands import from_button, typed
from adapters.slack_payload import Payload, answer_id, asked_at, conversation_id, inner, own_user, plain, string
from bot.events import Command, Deleted, Edited, Event, Feedback, Person, Turn, Verdict

_ASKED: Final = frozenset({"", "file_share", "thread_broadcast"})  # subtypes of messages that people write
_THUMBS: Final[Mapping[str, Verdict]] = {
    "+1": Verdict.UP,
    "thumbsup": Verdict.UP,
    "-1": Verdict.DOWN,
    "thumbsdown": Verdict.DOWN,
}


def parse(payload: Payload) -> Event | None:
    """The event that a payload of Slack's Events API, or of a pressed button, brings us."""
    match payload.get("type"):
        case "event_callback":
            return _from_event(payload, inner(payload, "event"))
        case "block_actions":
            return from_button(payload)
    return None


def malformed(payload: Payload) -> bool:
    """Whether a payload calls itself an event, but holds none."""
    return payload.get("type") == "event_callback" and not string(inner(payload, "event"), "type")


def _from_event(payload: Payload, event: Payload) -> Event | None:
    match string(event, "type"), string(event, "subtype"):
        case "app_mention", _:
            return _asked(payload, event)
        case "message", "message_changed":
            return _changed(payload, event)
        case "message", "message_deleted":
            return _deleted(payload, event, string(event, "deleted_ts"))
        case "message", _ if _private(event):
            return _asked(payload, event)
        case "reaction_added" | "reaction_removed", _:
            return _from_reaction(payload, event)
    return None


def _asked(payload: Payload, event: Payload) -> Turn | Edited | Command | None:
    """What a person wrote to us; an edit that keeps the mention arrives as a mention again."""
    turn = _turn(payload, event, event)
    if turn is None:
        return None
    return _edited(turn, event) or typed(turn, in_thread=bool(string(event, "thread_ts"))) or turn


def _changed(payload: Payload, event: Payload) -> Edited | Deleted | None:
    """A message of ours grew, a link got its preview, a person edited: only the last is news."""
    message, before = inner(event, "message"), inner(event, "previous_message")
    if string(message, "subtype") == "tombstone":  # what stands in place of a deleted message that has replies
        return _deleted(payload, event, string(message, "ts"))
    addressed = _private(event) or re.search(rf"<@{re.escape(own_user(payload))}[|>]", string(message, "text"))
    if not addressed or string(message, "text") == string(before, "text"):
        return None
    turn = _turn(payload, event, message)
    return _edited(turn, message) if turn else None


def _turn(payload: Payload, event: Payload, message: Payload) -> Turn | None:
    event_id, team, bot = string(payload, "event_id"), string(payload, "team_id"), own_user(payload)
    channel, user, ts = string(event, "channel"), string(message, "user"), string(message, "ts")
    written = not string(message, "bot_id") and user != bot and string(message, "subtype") in _ASKED
    if not written or not all((event_id, team, channel, user, ts)):
        return None
    thread = string(message, "thread_ts") or ts
    return Turn(
        event_id=f"slack:{event_id}",
        message_id=conversation_id(team, channel, ts),
        platform="slack",
        conversation=conversation_id(team, channel, thread),
        person=Person(f"slack:{team}:{user}"),
        text=plain(string(message, "text"), bot),
        private=_private(event),
        reply_to={"channel": channel, "thread": thread},
        sent_at=float(asked_at(ts) or 0),
    )


def _edited(turn: Turn, message: Payload) -> Edited | None:
    """The edit of a message; both events that Slack makes of one edit name the same version."""
    at = string(inner(message, "edited"), "ts")
    return Edited(turn.event_id, f"{turn.message_id}:{at}", turn) if at else None


def _deleted(payload: Payload, event: Payload, ts: str) -> Deleted | None:
    before, bot = inner(event, "previous_message"), own_user(payload)
    event_id, team, channel = string(payload, "event_id"), string(payload, "team_id"), string(event, "channel")
    ours = string(before, "bot_id") or string(before, "user") in {bot, "USLACKBOT"}
    if ours or not all((event_id, team, channel, ts)):
        return None
    thread = string(before, "thread_ts") or ts
    return Deleted(f"slack:{event_id}", conversation_id(team, channel, ts), conversation_id(team, channel, thread))


def _from_reaction(payload: Payload, event: Payload) -> Feedback | None:
    item, user, bot = inner(event, "item"), string(event, "user"), own_user(payload)
    event_id, team = string(payload, "event_id"), string(payload, "team_id")
    channel, ts, author = string(item, "channel"), string(item, "ts"), string(event, "item_user")
    verdict = _THUMBS.get(string(event, "reaction").partition("::")[0])  # "+1::skin-tone-2"
    foreign = user == bot or (author and bot and author != bot)
    if verdict is None or foreign or not all((event_id, team, channel, user, ts)):
        return None
    removed = string(event, "type") == "reaction_removed"
    return Feedback(f"slack:{event_id}", answer_id(channel, ts), Person(f"slack:{team}:{user}"), verdict, removed)


def _private(event: Payload) -> bool:
    """Whether only the person reads along."""
    return string(event, "type") == "message" and string(event, "channel_type") == "im"
