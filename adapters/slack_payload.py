"""What all of Slack's payloads have in common: reading them safely, our names for theirs, text as people read it."""

import html
import re
from collections.abc import Mapping

Payload = Mapping[str, object]


def string(mapping: Payload, key: str) -> str:
    """The string under a key, empty if there is none; without lone surrogates, which nothing can store."""
    value = mapping.get(key)
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode()


def inner(mapping: Payload, key: str) -> Payload:
    """The object under a key, empty if there is none."""
    value = mapping.get(key)
    return value if isinstance(value, dict) else {}


def own_user(payload: Payload) -> str:
    """Our own user, as whom Slack delivers the event."""
    authorizations = payload.get("authorizations")
    for one in authorizations if isinstance(authorizations, list) else ():
        if isinstance(one, dict) and one.get("is_bot"):
            return string(one, "user_id")
    return ""


def workspace(payload: Payload) -> tuple[str, str]:
    """Where we are installed for this payload: the workspace, and its organisation, if any."""
    authorizations = payload.get("authorizations")
    first = authorizations[0] if isinstance(authorizations, list) and authorizations else {}
    given = first if isinstance(first, dict) else {}
    user, inside = inner(payload, "user"), inner(payload, "team")
    team = string(payload, "team_id") or string(inside, "id") or string(user, "team_id") or string(given, "team_id")
    enterprise = string(given, "enterprise_id") or string(payload, "enterprise_id")
    return team, enterprise or string(inner(payload, "enterprise"), "id")


def conversation_id(team: str, channel: str, thread: str = "") -> str:
    """The name of a thread's conversation; without a thread, what the names of all in the channel begin with."""
    return f"slack:{team}:{channel}:{thread}"


def address(channel: str, thread: str, team: str, enterprise: str, user: str, home: str = "") -> dict[str, str]:
    """What a reply needs to know, in plain strings; `home` is the workspace that the person belongs to."""
    where = {"channel": channel, "thread": thread, "team": team, "user": user}
    return (
        where | ({"enterprise": enterprise} if enterprise else {}) | ({"home": home} if home not in ("", team) else {})
    )


def asked_at(message_id: str) -> str:
    """The time stamp with which our name for a question ends; empty if it ends otherwise."""
    ts = message_id.rpartition(":")[2]
    return ts if re.fullmatch(r"[0-9]{1,12}\.[0-9]{1,9}", ts) else ""


def answer_id(channel: str, ts: str) -> str:
    """The name of a message of ours: without the workspace, which buttons of an organisation-wide app leave out."""
    return f"slack:{channel}:{ts}"


def mentioned(text: str) -> set[str]:
    """The ids of the people that Slack's text mentions."""
    return set(re.findall(r"<@([UW][A-Z0-9]+)[|>]", text))


def plain(text: str, bot: str = "") -> str:
    """Slack's text as a person reads it, without the mention of `bot`."""
    if bot:
        # Looking behind keeps a long row of spaces from being tried from each of them.
        text = re.sub(rf"(?<![ ,])[ ,]*<@{re.escape(bot)}(\|[^<>]*)?>[,:]?", " ", text)
    text = re.sub(r"<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>", _label, text)
    return re.sub(r"[ \t]{2,}", " ", html.unescape(text)).strip()


def _label(match: re.Match[str]) -> str:
    """What Slack shows for `<#C1|general>`, `<!here>`, `<https://…|label>` and their kin."""
    sign, target, label = match.groups()
    if sign == "!":
        return label or f"@{target}"
    if not sign:
        return label or target.removeprefix("mailto:")
    return sign + (label or target).removeprefix(sign)
