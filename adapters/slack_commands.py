"""What people tell us other than by asking: buttons, slash commands, a word typed alone. Knows no network."""

from typing import Final, Literal, get_args

from adapters.slack_payload import Payload, answer_id, conversation_id, inner, string
from bot import labels
from bot.events import Again, Command, Feedback, Person, Turn, Verdict
from bot.language import Language, language_of

FEEDBACK: Final = "hausgeist_feedback"  # the action ids of our buttons
STOP: Final = "hausgeist_stop"
AGAIN: Final = "hausgeist_again"

Verb = Literal["stop", "reset"]
_VERBS: Final[dict[str, Verb]] = {verb: verb for verb in get_args(Verb)}


def from_button(payload: Payload) -> Feedback | Command | Again | None:
    """What the press of a button of ours means."""
    action, container, user = _pressed(payload), inner(payload, "container"), string(inner(payload, "user"), "id")
    value, channel = string(action, "value"), _channel(payload)
    team = string(inner(payload, "team"), "id") or string(inner(payload, "user"), "team_id")
    if not all((value, team, user, channel)):
        return None
    press, person = f"slack:{channel}:{user}:{string(action, 'action_ts')}", Person(f"slack:{team}:{user}")
    if string(action, "action_id") == STOP:
        return Command(press, "stop", person, value, _language(action))
    if string(action, "action_id") == AGAIN:
        return Again(press, value, person)
    verdict, _, judged = value.partition(" ")
    ts = judged or string(container, "message_ts")
    if verdict not in set(Verdict) or not ts:
        return None
    return Feedback(press, answer_id(channel, ts), person, Verdict(verdict))


def typed(turn: Turn, *, in_thread: bool) -> Command | None:
    """The command that a message is if it says nothing else; outside a thread it means all that runs there."""
    verb = _VERBS.get(turn.text.lower().removeprefix("/"))
    if verb is None:
        return None
    everywhere = not in_thread and (verb == "stop" or turn.private)
    place = turn.conversation.rpartition(":")[0] + ":" if everywhere else turn.conversation
    return Command(turn.event_id, verb, turn.person, place)


def from_slash(payload: Payload) -> Command | str:
    """The command that a slash command gives, or the line that helps whoever mistyped it."""
    name, verb = string(payload, "command"), _VERBS.get(string(payload, "text").strip().lower())
    team, channel, user = (string(payload, key) for key in ("team_id", "channel_id", "user_id"))
    trigger = string(payload, "trigger_id")
    if verb is None or not all((team, channel, user, trigger)):
        return (
            f"`{name} stop` stops my answers in this channel, `{name} reset` in our direct messages makes me forget "
            "them; more commands follow. To ask, mention me or write me a direct message."
        )
    if verb == "reset" and not channel.startswith("D"):
        return "A channel has many conversations: write `reset` in the thread that I shall forget, mentioning me."
    return Command(f"slack:{trigger}", verb, Person(f"slack:{team}:{user}"), conversation_id(team, channel))


def _pressed(payload: Payload) -> Payload:
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else ():
        if isinstance(action, dict) and action.get("action_id") in {FEEDBACK, STOP, AGAIN}:
            return action
    return {}


def _language(action: Payload) -> Language:
    """The language of the button, which is that of the question."""
    shown = string(inner(action, "text"), "text")
    return next((language for language, label in labels.STOP.items() if label == shown), language_of(""))


def _channel(payload: Payload) -> str:
    return string(inner(payload, "container"), "channel_id") or string(inner(payload, "channel"), "id")
