"""Reads what Teams sends: Activity JSON in, our own events out. Pure: no network, no SDK."""

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Final

from adapters.teams_activity import (
    PLATFORM,
    Activity,
    Address,
    Malformed,
    address_of,
    from_a_bot,
    mentions_others,
    objects,
    opened,
    own_mentions,
    person_of,
    spoken,
    tenants,
    text_at,
)
from adapters.teams_attachments import files_of, quoted
from adapters.teams_commands import asked, from_press, hint, pressed, submitted, typed
from bot.events import Call, Command, Deleted, Edited, Event, Feedback, Turn, Verdict
from bot.questions import asks, only_thanks

FEEDBACK_INVOKE: Final = "message/submitAction"
FORM_INVOKE: Final = "message/fetchTask"

# Named reactions, and the code point that leads an emoji id such as `1f44d_thumbsup-tone3`; all others are no verdict.
_VERDICTS: Final = {
    **dict.fromkeys(("like", "heart", "yes", "1f44d", "2764", "2705"), Verdict.UP),
    **dict.fromkeys(("dislike", "sad", "angry", "no", "1f44e", "274c"), Verdict.DOWN),
}


def events(activity: Activity) -> Sequence[Event]:
    """All that an activity tells: mostly one event, but reactions come and go several at once. Raises Malformed."""
    if text_at(activity, "type") == "messageReaction":
        return _reactions(activity)
    event = parse(activity)
    return [event] if event else []


def parse(activity: Activity) -> Event | None:
    """The event an activity stands for; None for what does not concern us. Raises Malformed."""
    match text_at(activity, "type"):
        case "":
            raise Malformed("type")
        case "message":
            press = pressed(activity)
            return from_press(activity, press) if press else _said(activity)
        case "messageUpdate" | "messageDelete":
            return _change(activity)
        case "messageReaction":
            return next(iter(_reactions(activity)), None)
        case "invoke" if text_at(activity, "name") in (FEEDBACK_INVOKE, FORM_INVOKE):
            verdict = thumb(activity)
            return verdict if verdict and verdict.message_id else None
        case "invoke" if press := pressed(activity):
            return from_press(activity, press)
        case _:
            return None


def helped(activity: Activity) -> str:
    """The line that answers a message which asks how to speak to us, or mistypes a command; empty for all others."""
    if text_at(activity, "type") != "message" or pressed(activity):
        return ""
    turn = _turn(activity)
    return hint(turn, activity) if turn else ""


def thumb(activity: Activity) -> Feedback | None:
    """The verdict of a thumb, and what was written in the form that it opened; some clients name no message."""
    value = opened(activity.get("value"))
    if not text_at(value, "actionName"):  # some clients wrap it
        value = opened(value.get("data"))
    said = opened(value.get("actionValue"))
    verdict = _verdict(text_at(said, "reaction"))
    address, judged = address_of(activity), text_at(activity, "replyToId") or text_at(value, "replyToId")
    if text_at(value, "actionName") != "feedback" or not verdict:
        return None
    written = said.get("feedback")
    inputs = opened(written) or {"comment": written}
    reason, document, comment = submitted(inputs)
    feedback = _feedback(activity, address, judged, verdict)
    message = feedback.message_id if judged else ""
    return replace(feedback, message_id=message, reason=reason, document=document, comment=comment)


def _said(activity: Activity) -> Turn | Command | None:
    """A question, or a command where the whole text is one."""
    turn = _turn(activity)
    if turn is None or hint(turn, activity):
        return None
    command = typed(turn, activity) if turn.call != "overheard" else None
    return command or _complete(turn, activity)


def _complete(turn: Turn, activity: Activity) -> Turn:
    """The question as it is meant: with the message that it quotes."""
    question, about = asked(turn.text), quoted(activity)
    quote = "\n".join(f"> {line}" for line in about.splitlines())
    return replace(turn, text=f"{question}\n\n{quote}" if question and quote else question or about)


def _change(activity: Activity) -> Edited | Deleted | None:
    match text_at(activity, "channelData", "eventType"):
        case "editMessage":
            return _edit(activity)
        case "softDeleteMessage":
            return _deletion(activity)
        case _:  # above all `undeleteMessage`: what was deleted we do not have any more
            return None


def _edit(activity: Activity) -> Edited | None:
    turn = _turn(activity)
    if turn is None or turn.call == "overheard":
        return None
    turn = _complete(turn, activity)
    text = hashlib.sha256(turn.text.encode("utf-8", "replace")).hexdigest()[:16]
    version = f"{turn.message_id}:{text_at(activity, 'timestamp') or text}"
    return Edited(event_id=version, version=version, turn=turn)


def _deletion(activity: Activity) -> Deleted:
    address = address_of(activity)
    name = address.message(address.activity)
    return Deleted(event_id=f"{name}:deleted", message_id=name, conversation=address.place)


def _turn(activity: Activity) -> Turn | None:
    """What a person said to us, or where we listen; not yet with what it quotes."""
    address = address_of(activity)
    mentions = list(own_mentions(activity))
    text = spoken(text_at(activity, "text"), mentions)
    files = files_of(activity, personal=address.personal)
    if from_a_bot(activity) or not (text or files or mentions):
        return None
    call = _call(activity, address, text, mentioned=bool(mentions))
    if call is None:
        return None
    name = address.message(address.activity)
    external = len({tenant.lower() for tenant in tenants(activity)}) > 1
    return Turn(
        event_id=name,
        message_id=name,
        platform=PLATFORM,
        conversation=address.place,
        person=person_of(activity),
        text=text,
        private=address.personal,
        reply_to=asdict(address) | ({"external": "1"} if external else {}),
        sent_at=_sent_at(activity),
        call=call,
        opens=call == "addressed" and address.kind == "channel" and _begins(address),
        place="" if address.personal else address.channel,
        files=files,
    )


def _call(activity: Activity, address: Address, text: str, *, mentioned: bool) -> Call | None:
    """How a message reaches us, if at all: with resource-specific consent we are sent all that is said in a channel."""
    if address.personal or mentioned:
        return "addressed"
    if mentions_others(activity):
        return None
    if address.root and not _begins(address):
        return None if only_thanks(text) else "follows"
    return "overheard" if asks(text) else None


def _begins(address: Address) -> bool:
    """Whether a message begins its thread."""
    return address.root in ("", address.activity)


def _sent_at(activity: Activity) -> float:
    try:
        said = datetime.fromisoformat(text_at(activity, "timestamp"))
        return (said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return time.time()


def _reactions(activity: Activity) -> list[Feedback]:
    """The verdict that was added last, which takes the place of any before; else those that were taken back."""
    address, judged = address_of(activity), text_at(activity, "replyToId")
    if not judged or from_a_bot(activity):
        return []
    if added := _verdicts(activity, "reactionsAdded"):
        return [_feedback(activity, address, judged, added[-1])]
    gone = dict.fromkeys(_verdicts(activity, "reactionsRemoved"))
    undone = [replace(_feedback(activity, address, judged, verdict), removed=True) for verdict in gone]
    return [replace(one, event_id=one.event_id + ":also" * number) for number, one in enumerate(undone)]


def _verdicts(activity: Activity, key: str) -> list[Verdict]:
    found = (_verdict(text_at(reaction, "type")) for reaction in objects(activity, key))
    return [verdict for verdict in found if verdict]


def _feedback(activity: Activity, address: Address, judged: str, verdict: Verdict) -> Feedback:
    return Feedback(
        event_id=address.message(address.activity),
        message_id=address.message(judged),
        person=person_of(activity),
        verdict=verdict,
    )


def _verdict(reaction: str) -> Verdict | None:
    return _VERDICTS.get(reaction.partition("-tone")[0].partition("_")[0])
