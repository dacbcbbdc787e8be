"""The manifest that a company pastes into Slack to make its app: the least that we need there, and why."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from adapters.slack_commands import MESSAGE_SHORTCUT
from adapters.slack_oauth import REDIRECT

EVENTS_PATH: Final = "/slack/events"

View = Literal["agent", "assistant"]

# What the app may do in Slack, and what would be missing without it.
SCOPES: Final[Mapping[str, str]] = {
    "app_mentions:read": "notice questions that mention the app in a channel",
    "assistant:write": "be opened from Slack's top bar: suggest questions there, name the conversation",
    "chat:write": "answer, show that an answer is being written, correct and delete messages of its own",
    "commands": "offer the slash command and the shortcut “Ask about this message”",
    "channels:history": "follow its own threads in public channels it was invited to; find a half-posted answer again",
    "groups:history": "the same in private channels it was invited to",
    "im:history": "read the questions in its direct messages",
    "mpim:history": "the same in group messages it was added to",
    "channels:read": "know that a public channel is shared with another company, before an answer is shared there",
    "groups:read": "the same of private channels, and who reads them: an answer uses what all of them may read",
    "reactions:read": "take a 👍 or 👎 on an answer as feedback",
    "files:read": "read the files that come with a question",
    "users:read": "tell guests and people of other companies from employees",
}

# The same, only where documents are for Slack's user groups, or for group messages.
GROUP_SCOPES: Final[Mapping[str, str]] = {
    "usergroups:read": "know who is in a user group, where documents are for one (`HAUSGEIST_GROUP_SOURCES=slack`)",
    "mpim:read": "know who reads a group message, and answer from what all of them may read",
}

# What Slack tells the app, the scope that it needs, and what it is for.
EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "app_mention": ("app_mentions:read", "questions that mention the app"),
    "message.channels": ("channels:history", "what follows in its threads; edited and deleted questions"),
    "message.groups": ("groups:history", "the same in private channels"),
    "message.im": ("im:history", "questions in its direct messages"),
    "message.mpim": ("mpim:history", "the same in group messages"),
    "reaction_added": ("reactions:read", "feedback"),
    "reaction_removed": ("reactions:read", "feedback that is taken back"),
    "app_home_opened": ("", "show the Home tab, suggest questions"),
    "app_uninstalled": ("", "forget the workspace's token"),
    "tokens_revoked": ("", "the same"),
}
# Only where Slack still shows the older pane. What people look at meanwhile (`app_context_changed`,
# `assistant_thread_context_changed`) changes no answer, so we do not want to know it.
ASSISTANT_EVENTS: Final[Mapping[str, tuple[str, str]]] = {
    "assistant_thread_started": ("assistant:write", "suggest questions"),
}

_DESCRIPTION: Final = "Answers questions from the company's own documents, with sources."
_LONG: Final = (
    "Ask a question in a direct message, or mention the app in a channel: it answers from the company's own documents "
    "and names its sources, with owner and date. Where they hold no answer, it says so. The model runs on the "
    "company's own machines, and personal data is hidden before anything is stored."
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a company wants of its app: `url` for HTTP (else Socket Mode), `oauth` for several workspaces.

    With `groups`, Slack's user groups say who may read what.
    """

    url: str = ""
    view: View = "agent"
    name: str = "Hausgeist"
    command: str = "/hausgeist"
    oauth: bool = False
    groups: bool = False


def manifest(wanted: Wanted) -> dict[str, Any]:
    """The manifest, as Slack takes it. Raises ValueError, whose text says what is wrong."""
    _check(wanted)
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {"name": wanted.name, "description": _DESCRIPTION, "long_description": _LONG},
        "features": _features(wanted),
        "oauth_config": {
            **({"redirect_urls": [_at(wanted, REDIRECT)]} if wanted.oauth else {}),
            "scopes": {"bot": sorted(scopes(groups=wanted.groups))},
        },
        "settings": {
            "event_subscriptions": {**_request_url(wanted), "bot_events": sorted(events(wanted.view))},
            "interactivity": {"is_enabled": True, **_request_url(wanted)},
            "org_deploy_enabled": wanted.oauth,
            "socket_mode_enabled": not wanted.url,
            "token_rotation_enabled": wanted.oauth,
        },
    }


def events(view: View) -> dict[str, tuple[str, str]]:
    """The events to subscribe to, each with the scope that it needs and what it is for."""
    return {**EVENTS, **(ASSISTANT_EVENTS if view == "assistant" else {})}


def scopes(*, groups: bool = False) -> dict[str, str]:
    """What the app may do, each with what would be missing without it."""
    return {**SCOPES, **(GROUP_SCOPES if groups else {})}


def explanation(view: View = "agent", *, groups: bool = False) -> str:
    """Every scope and every event with its reason, a line each."""
    asked = scopes(groups=groups)
    width = max(map(len, [*asked, *events(view)]))
    named = [f"{scope:{width}}  {why}" for scope, why in asked.items()]
    told = [f"{event:{width}}  {why}" for event, (_, why) in events(view).items()]
    return "\n".join(["Scopes: what the app may do", *named, "", "Events: what Slack tells it", *told])


def _features(wanted: Wanted) -> dict[str, Any]:
    command = {
        "command": wanted.command,
        "description": "Ask, and only you see the answer; stop, forget; how a channel is answered",
        "usage_hint": "QUESTION | stop | reset | enable … | disable",
        "should_escape": False,
    }
    shortcut = {
        "type": "message",
        "name": "Ask about this message",
        "callback_id": MESSAGE_SHORTCUT,
        "description": "Ask a question about a message; only you see the answer.",
    }
    return {
        "bot_user": {"display_name": _user_name(wanted.name), "always_online": True},
        "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
        f"{wanted.view}_view": {f"{wanted.view}_description": _DESCRIPTION},
        "shortcuts": [shortcut],
        "slash_commands": [{**command, **({"url": _at(wanted, EVENTS_PATH)} if wanted.url else {})}],
    }


def _check(wanted: Wanted) -> None:
    if not 1 <= len(wanted.name.strip()) <= 35:
        raise ValueError("the name must have 1 to 35 characters")
    if not re.fullmatch(r"/[^\s/A-Z]{1,31}", wanted.command):
        raise ValueError("the command must be / and up to 31 characters, none of them a space or a capital")
    if wanted.url and not re.fullmatch(r"https://[^\s/?#]+(/[^\s?#]*)?", wanted.url):
        raise ValueError("the URL must be https://HOST, as Slack reaches it")
    if wanted.oauth and not wanted.url:
        raise ValueError("with OAuth the URL is needed: Slack sends who installs the app back there")


def _request_url(wanted: Wanted) -> dict[str, str]:
    return {"request_url": _at(wanted, EVENTS_PATH)} if wanted.url else {}


def _at(wanted: Wanted, path: str) -> str:
    return wanted.url.rstrip("/") + path


def _user_name(name: str) -> str:
    """A name as Slack allows it to a bot's user."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-") or "hausgeist"
