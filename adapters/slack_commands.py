"""What people tell us other than by asking: buttons, slash commands, a word typed alone. Knows no network."""

import re
import time
from typing import Final, Literal

from adapters.slack_payload import Payload, address, answer_id, conversation_id, inner, plain, string, workspace
from bot import labels
from bot.events import Again, AskPerson, Command, Feedback, Person, Share, Turn, Verdict
from bot.language import Language, language_of
from bot.notices import HELP
from bot.verbs import LATER, offered, said

FEEDBACK: Final = "hausgeist_feedback"  # the action ids of our buttons
STOP: Final = "hausgeist_stop"
AGAIN: Final = "hausgeist_again"
SOURCE: Final = "hausgeist_wrong_source"
PERSON: Final = "hausgeist_ask_person"
SHARE: Final = "hausgeist_share"
ASK: Final = "hausgeist_ask"  # opens the form for a question; its value is a question to begin with

REASONS_FORM: Final = "hausgeist_reasons"  # the callback ids of our forms and shortcuts
QUESTION_FORM: Final = "hausgeist_question"
MESSAGE_SHORTCUT: Final = "hausgeist_ask_about"

NONE: Final = "-"  # the value of a button that needs none, as Slack wants one

_TYPED: Final[dict[str, Literal["stop", "reset"]]] = {"stop": "stop", "reset": "reset"}
_CHANNEL: Final = re.compile(r"[CG][A-Z0-9]+")


def from_button(payload: Payload) -> Feedback | Command | Again | Share | AskPerson | None:
    """What the press of a button of ours means, if it is more than to open a form."""
    action, user = pressed(payload), string(inner(payload, "user"), "id")
    value, channel, (team, enterprise) = string(action, "value"), channel_of(payload), workspace(payload)
    if not all((value, team, user, channel)):
        return None
    press, person = f"slack:{channel}:{user}:{string(action, 'action_ts')}", Person(f"slack:{team}:{user}")
    match string(action, "action_id"):
        case "hausgeist_stop":
            return Command(press, "stop", person, value, _language(action))
        case "hausgeist_again":
            return _again(payload, press, value, person)
        case "hausgeist_share":
            return Share(press, value, _share(payload, channel, team, enterprise, user))
    return _about_answer(action, press, person, channel, judged(payload))


def _about_answer(action: Payload, press: str, person: Person, channel: str, shown: str) -> Feedback | AskPerson | None:
    """What a press says of the answer that the message `shown` begins."""
    verdict = string(action, "value").partition(" ")[0]
    match string(action, "action_id"):
        case "hausgeist_ask_person" if shown:  # of one answer, once
            return AskPerson(f"slack:person:{channel}:{shown}:{person.id}", answer_id(channel, shown), person)
        case "hausgeist_feedback" if shown and verdict in set(Verdict):
            return Feedback(press, answer_id(channel, shown), person, Verdict(verdict))
    return None


def typed(turn: Turn, *, in_thread: bool) -> Command | None:
    """The command that a message is if it says nothing else; outside a thread it means all that runs there."""
    verb = _TYPED.get(turn.text.lower().removeprefix("/"))
    if verb is None or turn.files:
        return None
    everywhere = not in_thread and (verb == "stop" or turn.private)
    place = turn.conversation.rpartition(":")[0] + ":" if everywhere else turn.conversation
    return Command(turn.event_id, verb, turn.person, place, call=turn.call)


def from_slash(payload: Payload) -> Command | Turn | str:
    """The command or question that a slash command gives, or the line that helps whoever mistyped it."""
    name, text = string(payload, "command"), plain(string(payload, "text"))
    (team, enterprise), channel = workspace(payload), string(payload, "channel_id")
    user, trigger = string(payload, "user_id"), string(payload, "trigger_id")
    words = said(text)
    if words.verb == "help" or not all((team, channel, user, trigger)):
        return HELP[language_of(text)].format(command=name)
    if words.verb in ("stop", "reset"):
        return _typed_in(words.verb, f"slack:{trigger}", Person(f"slack:{team}:{user}"), conversation_id(team, channel))
    if words.verb in ("enable", "disable"):
        place = f"slack:{team}:{channel}" if _CHANNEL.fullmatch(channel) else ""
        order: Literal["enable", "disable"] = "enable" if words.verb == "enable" else "disable"
        return Command(f"slack:{trigger}", order, Person(f"slack:{team}:{user}"), place, text=words.text)
    if words.verb == "word":
        return _offered(name, words.text)
    where = address(channel, "", team, enterprise, user) | {"respond": string(payload, "response_url")}
    where |= {"shared": "1"} if _CHANNEL.fullmatch(channel) and words.verb != "errand" else {}
    return _asked(words.text, f"slack:{trigger}", where)


def pressed(payload: Payload) -> Payload:
    """The button of ours that was pressed, empty if it was none."""
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else ():
        if isinstance(action, dict) and string(action, "action_id").startswith("hausgeist_"):
            return action
    return {}


def judged(payload: Payload) -> str:
    """The message that holds the beginning of the answer under which a button stands."""
    value = string(pressed(payload), "value").split()
    named = [word for word in value if re.fullmatch(r"\d+\.\d+", word)]
    return named[0] if named else string(inner(payload, "container"), "message_ts")


def channel_of(payload: Payload) -> str:
    """The channel in which something was pressed."""
    return string(inner(payload, "container"), "channel_id") or string(inner(payload, "channel"), "id")


def _again(payload: Payload, press: str, value: str, person: Person) -> Again | None:
    """The question asked once more: its answer takes the place of the messages that stand there."""
    kept, *before = value.split() or [""]
    container = inner(payload, "container")
    last = "" if container.get("is_ephemeral") is True else string(container, "message_ts")
    replaced = " ".join(dict.fromkeys(ts for ts in (*before, last) if ts))
    where = {"replaces": replaced} if replaced else {}
    where |= {"holds": "1"} if replaced and _judgeable(payload) else {}
    return Again(press, kept, person, where) if kept else None


def _judgeable(payload: Payload) -> bool:
    """Whether an answer stands under which the button is, and no failure: then thumbs stand there, too."""
    blocks = inner(payload, "message").get("blocks")
    found = blocks if isinstance(blocks, list) else []
    return any(isinstance(block, dict) and block.get("type") == "context_actions" for block in found)


def _share(payload: Payload, channel: str, team: str, enterprise: str, user: str) -> Turn:
    """Where a shared answer shall stand: a message of its own in the channel, and what follows in its thread."""
    place = f"slack:{team}:{channel}"
    where = address(channel, "", team, enterprise, user)
    where |= {"by": f"@{string(inner(payload, 'user'), 'name') or user}", "original": string(payload, "response_url")}
    person = Person(f"slack:{team}:{user}")
    return Turn("", "", "slack", place, person, "", reply_to=where, sent_at=time.time(), place=place)


def _asked(question: str, event: str, where: dict[str, str]) -> Turn:
    """A question whose answer one person alone sees."""
    place, person = f"slack:{where['team']}:{where['channel']}", Person(f"slack:{where['team']}:{where['user']}")
    name = f"{place}:{event.removeprefix('slack:')}"
    return Turn(
        event_id=event,
        message_id=name,
        platform="slack",
        conversation=name,
        person=person,
        text=question,
        private=True,
        reply_to=where,
        sent_at=time.time(),
        place=place if "shared" in where else "",
    )


def _typed_in(verb: str, event: str, person: Person, place: str) -> Command | str:
    if verb == "reset" and ":D" not in place:
        return "A channel has many conversations: write `reset` in the thread that I shall forget, mentioning me."
    return Command(event, _TYPED[verb], person, place)


def _offered(name: str, word: str) -> str:
    """What we say to a single word that is no command."""
    line = offered(word, f"{name} {{verb}}")
    return f"{line} {HELP['en'].format(command=name)}" if word in LATER else line


def _language(action: Payload) -> Language:
    """The language of the button, which is that of the question."""
    shown = string(inner(action, "text"), "text")
    return next((language for language, label in labels.STOP.items() if label == shown), language_of(""))
