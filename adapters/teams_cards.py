"""What a person may press in Teams, as Adaptive Cards 1.5: under an answer, under a failure, while we work. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapters.teams_activity import PLATFORM
from adapters.teams_dialogs import Json, card, execute
from adapters.teams_marks import own_seal, sealed
from bot import labels
from bot.answers import Answer
from bot.language import Language
from bot.seal import Seal


@dataclass(frozen=True, slots=True)
class Manner:
    """How answers are shown: the label on them, the conversation that one may be shared with, what seals its buttons.

    All processes need the same `seal`.
    """

    sensitivity: str = ""
    shares_with: str = ""
    seal: Seal = field(default_factory=own_seal)


def below(answer: Answer, texts: Sequence[str], itself: str, manner: Manner) -> Json:
    """What may be done about the answer in the messages `texts`; `itself` is the card's own message, if it has one."""
    language, judged, kept = answer.language, texts[-1] if texts else "", answer.trace_id
    again = labels.AGAIN if answer.makeshift else labels.REGENERATE
    row = [
        *([anew(again[language], kept, sealed(manner.seal, kept, [*texts, itself]))] if kept else []),
        *([execute(labels.WRONG_SOURCE[language], _of("source", answer=judged))] if answer.sources else []),
        execute(labels.ASK_PERSON[language], _of("person", answer=judged)),
        *([_share(answer, manner.shares_with)] if kept and manner.shares_with else []),
    ]
    return card([], row)


def with_button(text: str, button: Json) -> Json:
    """A text with one button under it."""
    return card([{"type": "TextBlock", "text": text, "wrap": True}], [button])


def anew(title: str, kept: str, replaces: str = "") -> Json:
    """The button that asks a kept question once more; the new answer takes the messages that are `sealed` there."""
    return execute(title, _of("again", kept=kept, **({"replaces": replaces} if replaces else {})))


def stop(place: str, language: Language) -> Json:
    """The button that stops what we are doing in a conversation."""
    return execute(labels.STOP[language], _of("stop", place=place))


def titles(shown: Json) -> str:
    """What is written on a card's buttons, for a notification that can show no more of it."""
    actions = shown["actions"]
    named = [action["title"] for action in actions if isinstance(action, dict)] if isinstance(actions, list) else []
    return " · ".join(named)


def _share(answer: Answer, conversation: str) -> Json:
    place = f"{PLATFORM}:{conversation.partition(';messageid=')[0]}"
    said = _of("share", kept=answer.trace_id, to=conversation, place=place)
    return execute(labels.SHARE[answer.language], said)


def _of(verb: str, **data: str) -> dict[str, object]:
    return {"hausgeist": verb, **data}
