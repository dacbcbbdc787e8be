"""Slack's payloads in our words: payload in, event out, `None` for what is not ours. Knows no network and no SDK."""

import html
import re
from collections.abc import Mapping
from typing import Final

from bot.events import Feedback, Person, Turn, Verdict

FEEDBACK: Final = "hausgeist_feedback"  # the action id of the thumbs under an answer

Payload = Mapping[str, object]

_ASKED: Final = frozenset({"", "file_share", "thread_broadcast"})  # subtypes of messages that people write
_THUMBS: Final = {"+1": Verdict.UP, "thumbsup": Verdict.UP, "-1": Verdict.DOWN, "thumbsdown": Verdict.DOWN}


def parse(payload: Payload) -> Turn | Feedback | None:
    """The event that a payload of Slack's Events API, or of a pressed button, brings us."""
    match payload.get("type"):
        case "event_callback":
            return _from_event(payload, _map(payload, "event"))
        case "block_actions":
            return _from_button(payload)
    return None


def malformed(payload: Payload) -> bool:
    """Whether a payload calls itself an event, but holds none."""
    return payload.get("type") == "event_callback" and not _str(_map(payload, "event"), "type")


def answer_id(channel: str, ts: str) -> str:
    """The name of a message of ours: without the workspace, which buttons of an organisation-wide app leave out."""
    return f"slack:{channel}:{ts}"


def plain(text: str, bot: str = "") -> str:
    """Slack's text as a person reads it, without the mention of `bot`."""
    if bot:
        text = re.sub(rf"[ ,]*<@{re.escape(bot)}(\|[^>]*)?>[,:]?", " ", text)
    text = re.sub(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>", _label, text)
    return re.sub(r"[ \t]{2,}", " ", html.unescape(text)).strip()


def _from_event(payload: Payload, event: Payload) -> Turn | Feedback | None:
    match _str(event, "type"):
        case "app_mention":
            return _turn(payload, event, private=False)
        case "message" if _str(event, "channel_type") == "im":
            return _turn(payload, event, private=True)
        case "reaction_added" | "reaction_removed":
            return _from_reaction(payload, event)
    return None


def _turn(payload: Payload, event: Payload, *, private: bool) -> Turn | None:
    event_id, team, bot = _str(payload, "event_id"), _str(payload, "team_id"), _bot(payload)
    channel, user, ts = _str(event, "channel"), _str(event, "user"), _str(event, "ts")
    written = not _str(event, "bot_id") and user != bot and _str(event, "subtype") in _ASKED
    if not written or not all((event_id, team, channel, user, ts)):
        return None
    thread = _str(event, "thread_ts") or ts
    return Turn(
        event_id=f"slack:{event_id}",
        message_id=f"slack:{team}:{channel}:{ts}",
        platform="slack",
        conversation=f"slack:{team}:{channel}:{thread}",
        person=Person(f"slack:{team}:{user}"),
        text=plain(_str(event, "text"), bot),
        private=private,
        reply_to={"channel": channel, "thread": thread},
    )


def _from_reaction(payload: Payload, event: Payload) -> Feedback | None:
    item, user, bot = _map(event, "item"), _str(event, "user"), _bot(payload)
    event_id, team = _str(payload, "event_id"), _str(payload, "team_id")
    channel, ts, author = _str(item, "channel"), _str(item, "ts"), _str(event, "item_user")
    verdict = _THUMBS.get(_str(event, "reaction").partition("::")[0])  # "+1::skin-tone-2"
    foreign = user == bot or (author and bot and author != bot)
    if verdict is None or foreign or not all((event_id, team, channel, user, ts)):
        return None
    removed = _str(event, "type") == "reaction_removed"
    return Feedback(f"slack:{event_id}", answer_id(channel, ts), Person(f"slack:{team}:{user}"), verdict, removed)


def _from_button(payload: Payload) -> Feedback | None:
    action, container, user = _pressed(payload), _map(payload, "container"), _map(payload, "user")
    verdict, _, ts = _str(action, "value").partition(" ")
    ts = ts or _str(container, "message_ts")
    channel = _str(container, "channel_id") or _str(_map(payload, "channel"), "id")
    team = _str(_map(payload, "team"), "id") or _str(user, "team_id")
    if verdict not in set(Verdict) or not all((team, _str(user, "id"), channel, ts)):
        return None
    person = Person(f"slack:{team}:{_str(user, 'id')}")
    press = f"slack:{channel}:{_str(user, 'id')}:{_str(action, 'action_ts')}"
    return Feedback(press, answer_id(channel, ts), person, Verdict(verdict))


def _pressed(payload: Payload) -> Payload:
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else ():
        if isinstance(action, dict) and action.get("action_id") == FEEDBACK:
            return action
    return {}


def _bot(payload: Payload) -> str:
    """Our own user, as whom Slack delivers the event."""
    authorizations = payload.get("authorizations")
    for one in authorizations if isinstance(authorizations, list) else ():
        if isinstance(one, dict) and one.get("is_bot"):
            return _str(one, "user_id")
    return ""


def _label(match: re.Match[str]) -> str:
    """What Slack shows for `<#C1|general>`, `<!here>`, `<https://…|label>` and their kin."""
    sign, target, label = match.groups()
    if sign == "!":
        return label or f"@{target}"
    if not sign:
        return label or target.removeprefix("mailto:")
    return sign + (label or target).removeprefix(sign)


def _str(mapping: Payload, key: str) -> str:
    value = mapping.get(key)
    return value if isinstance(value, str) else ""


def _map(mapping: Payload, key: str) -> Payload:
    value = mapping.get(key)
    return value if isinstance(value, dict) else {}
