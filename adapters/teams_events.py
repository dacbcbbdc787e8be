"""Reads what Teams sends: Activity JSON in, our own events out. Pure: no network, no SDK."""

import hashlib
import html
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final, Literal

from bot.events import Again, Command, Deleted, Edited, Event, Feedback, Person, Turn, Verdict
from bot.language import LANGUAGE_NAMES, Language

PLATFORM: Final = "teams"
FEEDBACK_INVOKE: Final = "message/submitAction"

# Named reactions, and the code point that leads an emoji id such as `1f44d_thumbsup-tone3`; all others are no verdict.
_VERDICTS: Final = {
    **dict.fromkeys(("like", "heart", "yes", "1f44d", "2764", "2705"), Verdict.UP),
    **dict.fromkeys(("dislike", "sad", "angry", "no", "1f44e", "274c"), Verdict.DOWN),
}

Activity = Mapping[str, object]


class Malformed(ValueError):
    """The activity lacks what every activity of its type has."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where an answer goes; `conversation` keeps its `;messageid=`, which is what puts a reply into its thread."""

    service_url: str
    conversation: str
    activity: str
    user: str
    bot: str

    @property
    def place(self) -> str:
        """Our name for the conversation."""
        return f"{PLATFORM}:{self.conversation}"

    def message(self, activity_id: str) -> str:
        """Our name for a message here; reactions come without the thread's root, so it is left out."""
        return f"{PLATFORM}:{self.conversation.partition(';messageid=')[0]}:{activity_id}"


def parse(activity: Activity) -> Event | None:
    """The event an activity stands for; None for what does not concern us."""
    match text_at(activity, "type"):
        case "":
            raise Malformed("type")
        case "message":
            return _press(activity) if text_at(activity, "value", "hausgeist") else _said(activity)
        case "messageUpdate" | "messageDelete":
            return _change(activity)
        case "messageReaction":
            return _reaction(activity)
        case "invoke" if text_at(activity, "name") == FEEDBACK_INVOKE:
            return _thumb(activity)
        case _:
            return None


def address_of(activity: Activity) -> Address:
    """Where what is said about an activity goes; Malformed if it lacks an id."""
    return Address(
        service_url=text_at(activity, "serviceUrl"),
        conversation=_identifier(activity, "conversation", "id"),
        activity=_identifier(activity, "id"),
        user=_identifier(activity, "from", "id"),
        bot=_identifier(activity, "recipient", "id"),
    )


def text_at(activity: Activity, *path: str) -> str:
    """The string at a path of keys; empty where there is none, or something else."""
    value: object = activity
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else ""


def tenants(activity: Activity) -> list[str]:
    """Every tenant the activity names."""
    named = text_at(activity, "channelData", "tenant", "id"), text_at(activity, "conversation", "tenantId")
    return [tenant for tenant in named if tenant]


def _said(activity: Activity) -> Turn | Command | None:
    """A question, or a command where the whole text is one."""
    turn = _turn(activity)
    match = re.fullmatch(r"/?(stop|reset)", turn.text, re.IGNORECASE) if turn else None
    if not turn or not match:
        return turn
    verb: Literal["stop", "reset"] = "stop" if match[1].lower() == "stop" else "reset"
    return Command(turn.event_id, verb, turn.person, turn.conversation, _language(activity))


def _press(activity: Activity) -> Again | Command | None:
    """A button of ours; of what comes back with it only what fits the place it was pressed in is believed."""
    address, value = address_of(activity), partial(text_at, activity, "value")
    event_id, person = address.message(address.activity), _person(activity)
    match value("hausgeist"):
        case "again" if value("kept"):
            return Again(event_id, value("kept"), person)
        case "stop":
            here = address.place.partition(";messageid=")[0]
            place = value("place") if value("place").partition(";messageid=")[0] == here else address.place
            return Command(event_id, "stop", person, place, _language(activity))
        case _:
            return None


def _change(activity: Activity) -> Edited | Deleted | None:
    match text_at(activity, "channelData", "eventType"):
        case "editMessage":
            return _edit(activity)
        case "softDeleteMessage":
            return _deletion(activity)
        case _:
            return None


def _edit(activity: Activity) -> Edited | None:
    turn = _turn(activity)
    if not turn:
        return None
    text = hashlib.sha256(turn.text.encode("utf-8", "replace")).hexdigest()[:16]
    version = f"{turn.message_id}:{text_at(activity, 'timestamp') or text}"
    return Edited(event_id=version, version=version, turn=turn)


def _deletion(activity: Activity) -> Deleted:
    address = address_of(activity)
    name = address.message(address.activity)
    return Deleted(event_id=f"{name}:deleted", message_id=name, conversation=address.place)


def _turn(activity: Activity) -> Turn | None:
    address = address_of(activity)
    private = text_at(activity, "conversation", "conversationType") == "personal"
    mentions = list(_own_mentions(activity))
    text = _spoken(text_at(activity, "text"), mentions)
    # With resource-specific consent a bot receives all that is said in a channel, not only what is said to it.
    if not text or _from_a_bot(activity) or not (private or mentions):
        return None
    name = address.message(address.activity)
    return Turn(
        event_id=name,
        message_id=name,
        platform=PLATFORM,
        conversation=address.place,
        person=_person(activity),
        text=text,
        private=private,
        reply_to=asdict(address),
        sent_at=_sent_at(activity),
    )


def _sent_at(activity: Activity) -> float:
    try:
        said = datetime.fromisoformat(text_at(activity, "timestamp"))
    except ValueError:
        return time.time()
    return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()


def _language(activity: Activity) -> Language:
    """The language that Teams is set to; what a button or a single word is in, nobody can tell."""
    tag = text_at(activity, "locale").partition("-")[0].lower()
    return next((language for language in LANGUAGE_NAMES if language == tag), "en")


def _reaction(activity: Activity) -> Feedback | None:
    for key, removed in (("reactionsAdded", False), ("reactionsRemoved", True)):
        for reaction in _objects(activity, key):
            verdict = _verdict(text_at(reaction, "type"))
            if verdict:
                return _feedback(activity, verdict, removed)
    return None


def _thumb(activity: Activity) -> Feedback | None:
    verdict = _verdict(text_at(activity, "value", "actionValue", "reaction"))
    if text_at(activity, "value", "actionName") != "feedback" or not verdict:
        return None
    return _feedback(activity, verdict, removed=False)


def _feedback(activity: Activity, verdict: Verdict, removed: bool) -> Feedback | None:
    address, judged = address_of(activity), text_at(activity, "replyToId")
    if not judged:
        return None
    return Feedback(
        event_id=address.message(address.activity),
        message_id=address.message(judged),
        person=_person(activity),
        verdict=verdict,
        removed=removed,
    )


def _identifier(activity: Activity, *path: str) -> str:
    value = text_at(activity, *path)
    # It becomes part of a URL and of an HTTP header.
    if not value or not value.isascii() or not value.isprintable():
        raise Malformed(".".join(path))
    return value


def _own_mentions(activity: Activity) -> Iterator[str]:
    us = text_at(activity, "recipient", "id").casefold()
    for entity in _objects(activity, "entities"):
        if text_at(entity, "type") == "mention" and text_at(entity, "mentioned", "id").casefold() == us:
            yield text_at(entity, "text")


def _objects(activity: Activity, key: str) -> Iterator[Activity]:
    value = activity.get(key)
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())


def _spoken(text: str, own_mentions: list[str]) -> str:
    """What the person said: without the call to us, other people's names kept, entities and blanks made plain."""
    for mention in filter(None, own_mentions):
        text = text.replace(mention, " ", 1)
    text = html.unescape(re.sub(r"</?at\b[^>]*>", "", text))
    return re.sub(r"[ \t\xa0]+", " ", text).strip()


def _from_a_bot(activity: Activity) -> bool:
    sender = text_at(activity, "from", "id")
    is_us = sender.casefold() == text_at(activity, "recipient", "id").casefold()
    return is_us or sender.startswith("28:") or text_at(activity, "from", "role") == "bot"


def _person(activity: Activity) -> Person:
    tenant = next(iter(tenants(activity)), "")
    user = text_at(activity, "from", "aadObjectId") or text_at(activity, "from", "id")
    return Person(id=f"{PLATFORM}:{tenant}:{user}", name=text_at(activity, "from", "name"))


def _verdict(reaction: str) -> Verdict | None:
    return _VERDICTS.get(reaction.partition("-tone")[0].partition("_")[0])
