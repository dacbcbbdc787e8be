"""What a person reads: messages of ours with all their versions, taken from Slack's and Teams' own forms."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Json = Mapping[str, Any]

_TRACE_ID: Final = re.compile(r"`[0-9a-f]{8,}`")


class Kind(StrEnum):
    """What a message is to the person who reads it."""

    DRAFT = "draft"  # a placeholder, "3 before you", a growing answer
    ANSWER = "answer"  # complete, with thumbs or the AI label
    TOLD = "told"  # something went wrong: an id to quote
    OFFER = "offer"  # nothing but buttons, below an answer


@dataclass(frozen=True, slots=True)
class Version:
    """What a message showed from `at` (by time.time) on; `again` is the value of its button that asks once more."""

    at: float
    kind: Kind
    text: str
    again: str = ""


@dataclass(slots=True)
class Posted:
    """A message of ours; `place` is its conversation, `asked` what it replies to and `key` its metadata, if any."""

    place: str
    id: str
    versions: list[Version]
    asked: str = ""
    user: str = ""  # of an ephemeral message: who alone sees it
    metadata: Json = field(default_factory=dict)
    body: Json = field(default_factory=dict)
    deleted_at: float = 0.0

    @property
    def now(self) -> Version:
        """What it shows, or showed last."""
        return self.versions[-1]

    @property
    def stands(self) -> bool:
        """Whether it can still be read."""
        return not self.deleted_at


def slack_version(call: Json) -> Version:
    """What a message shows, by the arguments of the call that posted or edited it."""
    blocks: Sequence[Json] = call.get("blocks") or []
    text = "\n".join(_texts(blocks)) or call.get("text", "")
    actions = {element.get("action_id", ""): element for block in blocks for element in block.get("elements", [])}
    thumbs = any(block.get("type") == "context_actions" for block in blocks)
    kind = Kind.ANSWER if thumbs else _unfinished(text)
    again = next((it.get("value", "") for name, it in actions.items() if name.startswith("hausgeist_again")), "")
    return Version(time.time(), kind, text, again)


def grown(body: Json, call: Json) -> Json:
    """A streamed message after one more call: words are appended, blocks stand below them."""
    chunks: Sequence[Json] = call.get("chunks") or []
    words = call.get("markdown_text") or "".join(it["text"] for it in chunks if it.get("type") == "markdown_text")
    text = body.get("text", "") + words
    below = [block for it in chunks if it.get("type") == "blocks" for block in it["blocks"]]
    below += [block for block in body.get("blocks") or [] if block.get("type") != "markdown"]
    below += call.get("blocks") or []
    return {"text": text, "blocks": [{"type": "markdown", "text": text}, *below] if text else below}


def teams_version(activity: Json) -> Version:
    """What a message shows, by the activity that posted or edited it."""
    cards = [attachment.get("content", {}) for attachment in activity.get("attachments") or []]
    text = "\n".join(filter(None, [activity.get("text") or "", *_texts(cards)]))
    labels = [label for entity in activity.get("entities") or [] for label in entity.get("additionalType") or []]
    kind = Kind.ANSWER if "AIGeneratedContent" in labels else _unfinished(text) if text or not cards else Kind.OFFER
    again = next((str(it["kept"]) for it in _objects(cards) if it.get("hausgeist") == "again"), "")
    return Version(time.time(), kind, text, again)


def stream_of(activity: Json) -> Json:
    """What makes a message a piece of a stream; empty where it is none."""
    return next((it for it in activity.get("entities") or [] if it.get("type") == "streaminfo"), {})


def _unfinished(text: str) -> Kind:
    return Kind.TOLD if _TRACE_ID.search(text) else Kind.DRAFT


def _texts(parts: Sequence[Json]) -> Iterator[str]:
    """What a person reads in blocks or cards, buttons' labels left out."""
    for part in _objects(parts):
        if part.get("type") not in ("button", "plain_text", "Action.Submit") and isinstance(part.get("text"), str):
            yield part["text"]


def _objects(value: object) -> Iterator[Json]:
    """Every object within, from the outside in."""
    if isinstance(value, Mapping):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _objects(item)
