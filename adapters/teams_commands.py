"""What people tell us in Teams other than by asking: a command that they type, a button that they press. Pure."""

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Final

from adapters.teams_activity import (
    PLATFORM,
    Activity,
    Address,
    address_of,
    kind_of,
    language_at,
    opened,
    person_of,
    text_at,
)
from bot.events import REASONS, Again, AskPerson, Command, Feedback, Person, Share, Turn, Verdict
from bot.notices import TEAMS_HELP
from bot.verbs import LATER, Said, nearest, offered, said

CARD_INVOKE: Final = "adaptiveCard/action"
COMMENT: Final = 2_000
_SEALED: Final = 4_000  # characters

_CLOSE: Final = 0.7  # to a command, for a word that nobody marked as one: people say "hello" in chats
_WORD: Final = re.compile(r"[^\W\d_][\w-]{0,39}[.!]?")
_ID: Final = re.compile(r"[!-~]{1,200}")
_DOCUMENT: Final = 500

Pressed = Again | AskPerson | Command | Feedback | Share


def typed(turn: Turn, activity: Activity) -> Command | None:
    """The command that a message is if it says nothing else."""
    words = _said(turn.text)
    if turn.files or not words:
        return None
    language = language_at(activity)
    match words.verb:
        case "stop" | "reset":
            return Command(turn.event_id, words.verb, turn.person, turn.conversation, language, call=turn.call)
        case "enable" | "disable" if turn.call == "addressed":
            return Command(turn.event_id, words.verb, turn.person, turn.place, language, words.text)
    return None


def asked(text: str) -> str:
    """The question without the word `ask`, which may stand before it."""
    words = _said(text)
    return words.text if words and words.verb == "ask" else text


def hint(turn: Turn, activity: Activity) -> str:
    """The line that helps whoever typed `help`, or mistyped a command; empty for what is a question."""
    words, language = _said(turn.text), language_at(activity)
    if turn.files or turn.call != "addressed" or not words:
        return ""
    if words.verb == "help" or words.text == "ask":
        return "" if words.verb == "help" and words.text else TEAMS_HELP[language]
    if words.verb != "word" or not _WORD.fullmatch(words.text):
        return ""
    if words.text in LATER:
        return f"{offered(words.text, language=language)} {TEAMS_HELP[language]}"
    marked = turn.text.startswith("/")
    return offered(words.text, language=language) if marked or nearest(words.text, _CLOSE) else ""


def pressed(activity: Activity) -> Mapping[str, object]:
    """What the button of ours that was pressed says, with what was put in beside it; empty if it is none of ours.

    It comes as an invoke, and from clients that know no such buttons as a message without text.
    """
    value = opened(activity.get("value"))
    action = opened(value.get("action"))
    if text_at(activity, "name") != CARD_INVOKE:
        return value if text_at(value, "hausgeist") else {}
    data = {**opened(value.get("data")), **opened(action.get("data"))}
    verb = text_at(data, "hausgeist") or text_at(action, "verb")
    return {**data, "hausgeist": verb} if verb else {}


def from_press(activity: Activity, data: Mapping[str, object]) -> Pressed | None:
    """What a press means; of what comes back with it only what fits the place it was pressed in is believed."""
    address, person, language = address_of(activity), person_of(activity), language_at(activity)
    event_id, answer = address.message(address.activity), _named(data, "answer")
    match text_at(data, "hausgeist"):
        case "again" if kept := _named(data, "kept"):
            return Again(event_id, kept, person, _replaced(activity, data))
        case "stop":
            return Command(event_id, "stop", person, _stopped(address, text_at(data, "place")), language)
        case "share" if _named(data, "kept"):
            return _share(address, person, data, event_id)
        case "person" if answer:
            return AskPerson(event_id, address.message(answer), person)
        case "wrong" | "source" if answer:
            return wrong_source(address, person, data, event_id)
    return None


def wrong_source(address: Address, person: Person, data: Mapping[str, object], event_id: str) -> Feedback | None:
    """The verdict that an answer names a wrong source, which one and why."""
    answer = _named(data, "answer")
    if not answer:
        return None
    reason, document, comment = submitted(data)
    return Feedback(
        event_id,
        address.message(answer),
        person,
        Verdict.DOWN,
        reason=reason or "wrong source",
        comment=comment,
        document=document,
    )


def submitted(inputs: Mapping[str, object]) -> tuple[str, str, str]:
    """Reason, document and comment that were put into a form of ours, each empty if it was not."""
    reason, comment = text_at(inputs, "reason"), text_at(inputs, "comment") or text_at(inputs, "feedbackText")
    document = text_at(inputs, "document")[:_DOCUMENT]
    return reason if reason in REASONS else "", document, comment.strip()[:COMMENT]


def _said(text: str) -> Said | None:
    """What the text says, with or without the slash before a command; None where there is no text."""
    bare = re.sub(r"^/(?=\w)", "", text)
    words = said(bare) if bare else None
    if words and words.verb == "ask" and words.text == bare:
        return Said("ask", text)
    return words


def _named(data: Mapping[str, object], key: str) -> str:
    """The id under a key, empty if there is none that could be one."""
    value = text_at(data, key)
    return value if _ID.fullmatch(value) else ""


def _replaced(activity: Activity, data: Mapping[str, object]) -> dict[str, str]:
    """Which messages the new answer takes the place of: those that the button names, sealed, and what it stands on."""
    pressed, sealed = text_at(activity, "replyToId"), text_at(data, "replaces")[:_SEALED]
    where = {"replaces": sealed, "kept": text_at(data, "kept")} if sealed else {}
    return {**where, "pressed": pressed} if _ID.fullmatch(pressed) else where


def _stopped(address: Address, place: str) -> str:
    here = address.channel
    return place if place.partition(";messageid=")[0] == here else address.place


def _share(address: Address, person: Person, data: Mapping[str, object], event_id: str) -> Share | None:
    """Where a shared answer shall stand, if that is in the place that it was asked in; what fails is told in the chat.

    Whether it was asked there at all is for the dispatcher to know.
    """
    to, place = _named(data, "to"), _named(data, "place")
    there = replace(address, conversation=to, activity=to.partition(";messageid=")[2], kind=kind_of(to))
    if not to or there.channel != place:
        return None
    where = {**asdict(there), "by": person.name, "chat": address.conversation}
    turn = Turn("", "", PLATFORM, place, person, "", reply_to=where, sent_at=time.time(), place=place)
    return Share(event_id, _named(data, "kept"), turn)
