"""What an Adaptive Card 1.5 must be for Teams to show it, written from its reference and not from our code."""

from collections.abc import Mapping
from typing import Any, Final

PRESSED: Final = 6  # buttons that Teams shows side by side
_ACTIONS: Final[dict[str, set[str]]] = {
    "Action.Execute": {"type", "title", "verb", "data", "fallback", "style", "id"},
    "Action.Submit": {"type", "title", "data", "style", "id"},
    "Action.OpenUrl": {"type", "title", "url", "style", "id"},
}
_TEXT: Final = {"type", "text", "wrap", "weight", "size", "isSubtle", "color", "spacing"}


def faults(card: Mapping[str, Any]) -> list[str]:
    """What is wrong with a card; of its blocks it knows texts."""
    found = [] if card.get("type") == "AdaptiveCard" else ["no card"]
    found += [] if card.get("version") == "1.5" else ["another version"]
    found += [] if set(card) <= {"type", "version", "body", "actions", "$schema", "msteams"} else ["unknown property"]
    found += [] if card.get("body") or card.get("actions") else ["empty"]
    for block in card.get("body", []):
        known = block.get("type") == "TextBlock" and set(block) <= _TEXT and isinstance(block.get("text"), str)
        found += [] if known and block["text"].strip() else ["a text that is none"]
    actions = card.get("actions", [])
    found += ["too many buttons"] if len(actions) > PRESSED else []
    return found + [fault for action in actions for fault in _faults(action)]


def _faults(action: Mapping[str, Any]) -> list[str]:
    kind = action.get("type", "")
    if set(action) - _ACTIONS.get(kind, set()):
        return [f"unknown: {kind} {sorted(action)}"]
    title = action.get("title")
    found = [] if isinstance(title, str) and title.strip() else ["a button without a title"]
    if kind == "Action.Execute":
        found += [] if isinstance(action.get("verb"), str) else ["no verb"]
        found += _faults(action["fallback"]) if isinstance(action.get("fallback"), Mapping) else []
    return found + ([] if isinstance(action.get("data", {}), Mapping) else ["data that is no object"])
