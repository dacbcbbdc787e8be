"""Slack's Block Kit as plain objects, for messages: the SDK's models check each of them again at every reading."""

from typing import Any

Block = dict[str, Any]


def markdown(text: str) -> Block:
    """Markdown as Slack itself reads it."""
    return {"type": "markdown", "text": text}


def context(text: str) -> Block:
    """A small grey line, in Slack's own markup."""
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}


def actions(*buttons: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(buttons)}


def button(label: str, action: str, value: str, confirm: Block | None = None) -> Block:
    """A button; what `confirm` asks comes before it counts."""
    said = {"type": "button", "text": _plain(label), "action_id": action, "value": value}
    return said | {"confirm": confirm} if confirm else said


def confirmation(title: str, text: str, yes: str, no: str) -> Block:
    """What is asked before a button counts."""
    return {"title": _plain(title), "text": _plain(text), "confirm": _plain(yes), "deny": _plain(no)}


def thumbs(action: str, up: tuple[str, str], down: tuple[str, str]) -> Block:
    """Thumbs that judge an answer, each with its label and its value."""
    good, bad = ({"text": _plain(label), "value": value} for label, value in (up, down))
    element = {"type": "feedback_buttons", "action_id": action, "positive_button": good, "negative_button": bad}
    return {"type": "context_actions", "elements": [element]}


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": text}
