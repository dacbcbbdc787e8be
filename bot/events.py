"""What can happen to us, in our own words: adapters translate into these, and no platform's object passes this line."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

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
class File:
    """A file that came with a question; `link` is where its platform gives it to us, `size` in bytes (0: unknown)."""

    name: str
    kind: str = ""
    size: int = 0
    link: str = ""


# How a question reached us: put to us; said in a thread that may be ours; overheard in a channel.
Call = Literal["addressed", "follows", "overheard"]


@dataclass(frozen=True, slots=True)
class Turn:
    """A question put to the assistant.

    `platform` names the adapter that can reply, `reply_to` is what that adapter needs for it, as plain strings.
    `private` is true where only the person reads the answer; elsewhere only public documents are used.
    `history` is given by callers that keep the conversation themselves; otherwise memory supplies it.
    `sent_at` is when it was sent, in seconds by the platform's clock: it orders what waits in one conversation.
    `merged` names all messages of a turn that was made of several; `withdrawn` says that the person deleted it.
    `waited` is how many seconds it waited for us; `fence` numbers the lease under which it is answered.
    `call` tells whether it was put to us: what was not is taken only where the conversation, or the place, is ours.
    `opens` is true where it begins a conversation that is ours from then on, also without addressing us.
    `place` is the channel it was asked in, whose settings apply; a `private` answer there may be shared with it.
    `discreet` says nothing unless sure.
    `files` came with it; `notices` are lines to show with the answer.
    `shares` is the id of an answer to show to all instead of answering, as its person wished.
    `errand` is a command that is done instead, `text` what belongs to it: it may take longer than a platform waits.
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
    call: Call = "addressed"
    opens: bool = False
    place: str = ""
    discreet: bool = False
    files: tuple[File, ...] = ()
    notices: tuple[str, ...] = ()
    shares: str = ""
    errand: str = ""

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
    """Someone pressed the button that asks a kept question (`Receipt.offer`, or the id of an answer) once more.

    `reply_to` is added to the question's own: which messages the new answer replaces.
    """

    event_id: str
    kept: str
    person: Person
    reply_to: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Share:
    """Someone wants all in `place` to see the answer `kept` that they alone saw; `turn` says where it shall stand."""

    event_id: str
    kept: str
    turn: Turn


Verb = Literal["stop", "reset", "enable", "disable"]


@dataclass(frozen=True, slots=True)
class Command:
    """A command; `place` is a conversation, or the beginning that several share (a whole direct-message channel).

    `text` is what followed the verb; `call` is how it reached us: what only follows counts where the thread is ours.
    """

    event_id: str
    verb: Verb
    person: Person
    place: str
    language: Language = "en"
    text: str = ""
    call: Call = "addressed"


class Verdict(StrEnum):
    """What a person thinks of an answer."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A verdict on the answer that the platform knows as `message_id`; `removed` takes the verdict back.

    `reason` is one of `REASONS`, `comment` what they wrote about it, `document` the source that it concerns.
    """

    event_id: str
    message_id: str
    person: Person
    verdict: Verdict
    removed: bool = False
    reason: str = ""
    comment: str = ""
    document: str = ""


REASONS: Final = ("incorrect", "outdated", "incomplete", "wrong source", "not helpful", "other")


@dataclass(frozen=True, slots=True)
class AskPerson:
    """Someone wants a person to look at the answer `message_id`: `Receipt.case` is what that person is told."""

    event_id: str
    message_id: str
    person: Person


Event = Turn | Edited | Deleted | Again | Share | Command | Feedback | AskPerson


@dataclass(frozen=True, slots=True)
class Case:
    """What a person who is asked for help is told: question and answer, masked, and the documents it cites.

    `read` names all that the answer was made from, cited or not.
    """

    question: str
    answer: str
    sources: tuple[str, ...] = ()
    read: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an event.

    `new` is false for one that was seen before. `note` is a line to show to that person alone, at once, if not empty;
    `offer` is the id with which `Again` asks an edited question; `case` is what to hand to a person (`AskPerson`).
    """

    new: bool = True
    note: str = ""
    offer: str = ""
    case: Case | None = None
