"""Slack's payloads in our words: payload in, event out, `None` for what is not ours. Knows no network and no SDK."""

from collections.abc import Mapping
from typing import Final

from adapters.slack_commands import from_button, typed
from adapters.slack_files import files_of
from adapters.slack_payload import (
    Payload,
    address,
    answer_id,
    asked_at,
    conversation_id,
    inner,
    mentioned,
    own_user,
    plain,
    string,
    workspace,
)
from bot.events import Call, Command, Deleted, Edited, Event, Feedback, Person, Turn, Verdict
from bot.questions import asks, only_thanks

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


def _from_event(payload: Payload, event: Payload) -> Event | None:
    match string(event, "type"), string(event, "subtype"):
        case "app_mention", _:
            return _asked(payload, event, "addressed")
        case "message", "message_changed":
            return _changed(payload, event)
        case "message", "message_deleted":
            return _deleted(payload, event, string(event, "deleted_ts"))
        case "message", _:
            call = _call(event, event)
            return _asked(payload, event, call) if call else None
        case "reaction_added" | "reaction_removed", _:
            return _from_reaction(payload, event)
    return None


def _call(event: Payload, message: Payload) -> Call | None:
    """How a message reaches us, if at all: what mentions us comes as a mention too, what mentions others is theirs."""
    if _private(event):
        return "addressed"
    text = string(message, "text")
    if not string(event, "channel_type") or mentioned(text):
        return None
    if string(message, "thread_ts") not in ("", string(message, "ts")):
        return None if only_thanks(plain(text)) else "follows"
    return "overheard" if asks(text) else None


def _asked(payload: Payload, event: Payload, call: Call) -> Turn | Edited | Command | None:
    """What a person wrote to us; an edit that keeps the mention arrives as a mention again."""
    turn = _turn(payload, event, event, call)
    if turn is None:
        return None
    command = typed(turn, in_thread=bool(string(event, "thread_ts"))) if call != "overheard" else None
    return _edited(turn, event) or command or turn


def _changed(payload: Payload, event: Payload) -> Edited | Deleted | None:
    """A message of ours grew, a link got its preview, a person edited: only the last is news."""
    message, before = inner(event, "message"), inner(event, "previous_message")
    if string(message, "subtype") == "tombstone":  # what stands in place of a deleted message that has replies
        return _deleted(payload, event, string(message, "ts"))
    if string(message, "text") == string(before, "text"):
        return None
    ours = own_user(payload) in mentioned(string(message, "text"))
    call = "addressed" if ours else _call(event, message)
    turn = _turn(payload, event, message, call) if call and call != "overheard" else None
    return _edited(turn, message) if turn else None


def _turn(payload: Payload, event: Payload, message: Payload, call: Call) -> Turn | None:
    event_id, bot = string(payload, "event_id"), own_user(payload)
    team, enterprise = workspace(payload)
    channel, user, ts = string(event, "channel"), string(message, "user"), string(message, "ts")
    written = not string(message, "bot_id") and user != bot and string(message, "subtype") in _ASKED
    if not written or not all((event_id, team, channel, user, ts)):
        return None
    thread = string(message, "thread_ts") or ts
    private = _private(event)
    home = string(message, "user_team") or string(message, "team") or team
    return Turn(
        event_id=f"slack:{event_id}",
        message_id=conversation_id(team, channel, ts),
        platform="slack",
        conversation=conversation_id(team, channel, thread),
        person=Person(f"slack:{team}:{user}"),
        text=plain(string(message, "text"), bot),
        private=private,
        reply_to=address(channel, thread, team, enterprise, user, home if home.startswith("T") else team)
        | ({"bot": bot} if bot else {})
        | ({"external": "1"} if payload.get("is_ext_shared_channel") is True else {}),
        sent_at=float(asked_at(ts) or 0),
        call=call,
        opens=thread == ts and call == "addressed" and not private,
        place="" if private else f"slack:{team}:{channel}",
        files=files_of(message),
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
