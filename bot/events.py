"""What can happen to us, in our own words: adapters translate into these, and no platform's object passes this line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who asks; `id` is unique over all platforms (`slack:T1:U1`), `groups` decide what they may read."""

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a conversation."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A question put to the assistant.

    `platform` names the adapter that can reply, `reply_to` is what that adapter needs for it, as plain strings.
    `private` is true where only the person reads the answer; elsewhere only public documents are used.
    `history` is given by callers that keep the conversation themselves; otherwise memory supplies it.
    """

    event_id: str
    message_id: str
    platform: str
    conversation: str
    person: Person
    text: str
    private: bool = False
    reply_to: Mapping[str, str] = field(default_factory=dict)
    history: tuple[Message, ...] | None = None


class Verdict(StrEnum):
    """What a person thinks of an answer."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on the answer that the platform knows as `message_id`; `removed` takes the verdict back."""

    event_id: str
    message_id: str
    person: Person
    verdict: Verdict
    removed: bool = False


Event = Turn | Feedback
