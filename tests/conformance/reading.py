"""What people read in Teams: our messages as one answer each, cards, and forms as they are filled in."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from bot import labels
from tests.conformance.surface import Shown
from tests.teams.company import Activity
from tests.teams.standin import Sent

_PART: Final = re.compile(r"\s*\((\d+)/\d+\)\Z")
_CALLS: Final = re.compile(r"<at>.*?</at>")


def grouped(sent: Iterable[Sent]) -> Iterator[Shown]:
    """Our messages, those of one answer together: its parts, and the card with what may be done about it."""
    group: list[Sent] = []
    for one in sent:
        if group and not _goes_on(one):
            yield _shown(group)
            group = []
        group.append(one)
    if group:
        yield _shown(group)


def _goes_on(sent: Sent) -> bool:
    numbered = _PART.search(sent.activity.get("text") or "")
    if numbered:
        return numbered[1] != "1"
    titles = {action["title"] for action in actions(card_in(sent))}
    return not sent.activity.get("text") and not titles.isdisjoint(labels.ASK_PERSON.values())


def _shown(group: Sequence[Sent]) -> Shown:
    return Shown(
        group[0].conversation,
        tuple(sent.id for sent in group),
        " ".join(_PART.sub("", sent.text) for sent in group),
        frozenset(action["title"] for sent in group for action in actions(card_in(sent))),
        any("feedbackLoop" in (sent.activity.get("channelData") or {}) for sent in group),
        tuple(call for sent in group for call in [*_CALLS.findall(sent.text), *_mentioned(sent)]),
        any("AIGeneratedContent" in str(sent.activity.get("entities")) for sent in group),
    )


def _mentioned(sent: Sent) -> list[str]:
    return [str(one["mentioned"]["id"]) for one in sent.activity.get("entities", []) if one.get("type") == "mention"]


def card_in(sent: Sent) -> Activity:
    return next((card_of(attachment) for attachment in sent.activity.get("attachments") or []), {})


def card_of(attachment: Activity) -> Activity:
    return dict(attachment["content"])


def _inside(card: Any) -> Iterator[Activity]:
    """Everything in a card, however deep."""
    if isinstance(card, dict):
        yield card
        for value in card.values():
            yield from _inside(value)
    if isinstance(card, list):
        for value in card:
            yield from _inside(value)


def actions(card: Activity) -> list[Activity]:
    found = [one for one in _inside(card) if str(one.get("type", "")).startswith("Action.")]
    fallbacks = [one["fallback"] for one in found if isinstance(one.get("fallback"), dict)]
    return [one for one in found if one not in fallbacks]


def filled(form: Activity, choice: str, text: str) -> dict[str, str]:
    """What Teams sends of a form's inputs: the choice where there is such a one, elsewhere what it begins with."""
    inputs: dict[str, str] = {}
    for one in _inside(form):
        match one.get("type"):
            case "Input.ChoiceSet":
                offered = [option["value"] for option in one["choices"]]
                inputs[one["id"]] = choice if choice in offered else one.get("value", "")
            case "Input.Text":
                inputs[one["id"]] = text
    return {name: value for name, value in inputs.items() if value}


def data_of(form: Activity) -> dict[str, Any]:
    return next((dict(one.get("data") or {}) for one in actions(form) if one["type"] == "Action.Submit"), {})
