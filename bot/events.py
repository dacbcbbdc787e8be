"""What can happen to us, in our own words: adapters translate into these, and no platform's object passes this line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from bot.language import Language


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who asks; `id` is unique over all platforms (`slack:T1:U1`), `groups` decide what they may read."""

    id: str
    name: str = ""
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Message:
    """One line of a conversation; `speaker` is the id of who wrote it, where that is known."""

    role: Literal["user", "assistant"]
    text: str
    speaker: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """A question put to the assistant.

    `platform` names the adapter that can reply, `reply_to` is what that adapter needs for it, as plain strings.
    `private` is true where only the person reads the answer; elsewhere only public documents are used.
    `history` is given by callers that keep the conversation themselves; otherwise memory supplies it.
    `sent_at` is when it was sent, in seconds by the platform's clock: it orders what waits in one conversation.
    `merged` names all messages of a turn that was made of several; `withdrawn` says that the person deleted it.
    `waited` is how many seconds it waited for us; `fence` numbers the lease under which it is answered.
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
    sent_at: float = 0.0
    merged: tuple[str, ...] = ()
    withdrawn: bool = False
    waited: float = 0.0
    fence: str = "0"

    @property
    def messages(self) -> tuple[str, ...]:
        """The ids of all messages it answers."""
        return self.merged or (self.message_id,)


@dataclass(frozen=True, slots=True)
class Edited:
    """A question was changed: `turn` holds the new text under the old `message_id`; `version` names this change."""

    event_id: str
    version: str
    turn: Turn


@dataclass(frozen=True, slots=True)
class Deleted:
    """A question was deleted; what we keep of it is erased."""

    event_id: str
    message_id: str
    conversation: str


@dataclass(frozen=True, slots=True)
class Again:
    """Someone pressed the button that asks a kept question (`Receipt.offer`, or the id of a failure) once more."""

    event_id: str
    kept: str
    person: Person


@dataclass(frozen=True, slots=True)
class Command:
    """A command; `place` is a conversation, or the beginning that several share (a whole direct-message channel)."""

    event_id: str
    verb: Literal["stop", "reset"]
    person: Person
    place: str
    language: Language = "en"


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


Event = Turn | Edited | Deleted | Again | Command | Feedback


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event.

    `new` is false for one that was seen before. `note` is a line to show to that person alone, at once, if not empty;
    `offer` is the id with which `Again` asks an edited question.
    """

    new: bool = True
    note: str = ""
    offer: str = ""
