"""Every key we keep in Redis, with how long and why. One conversation's keys share a hash slot through the braces."""

from typing import Final

DAY: Final = 24 * 60 * 60

# Platforms deliver the same event again for minutes, proxies for hours; a day is safe and small.
SEEN_SECONDS: Final = DAY
# Someone who presses "ask again" does so the same day.
KEPT_SECONDS: Final = DAY
# A conversation can be taken up again within a month; its vault must live exactly as long as its transcript.
CONVERSATION_SECONDS: Final = 30 * DAY
# People judge answers late, and reviews look back a quarter.
ANSWER_SECONDS: Final = 90 * DAY

# Exchanges kept of one conversation: far more than fits a prompt, little enough to load at once.
EXCHANGES: Final = 20


def seen(identifier: str) -> str:
    """Marks an event or message as taken."""
    return f"hg:seen:{identifier}"


def inbox(name: str) -> str:
    """All of the inbox (see `bot/inbox.lua` for its keys, and how long they stay): one hash slot, for one script."""
    return f"hg:{{inbox}}:{name}"


def exchanges(conversation: str) -> str:
    """List of masked questions with their answers, oldest first."""
    return f"hg:talk:{{{conversation}}}:exchanges"


def conversation_of(place: str) -> str:
    """The conversation that a key of `exchanges` or `state` belongs to."""
    return place[place.index("{") + 1 : place.rindex("}")]


def state(conversation: str) -> str:
    """Hash: the sealed vault (which placeholder stands for which value), and the numbers that keep old writers out."""
    return f"hg:talk:{{{conversation}}}:state"


def answer(message_id: str) -> str:
    """What is known of the answer that a platform's message shows: masked question and text, sources, model, trace."""
    return f"hg:answer:{message_id}"


def feedback(trace_id: str) -> str:
    """Hash: person → verdict on the answer."""
    return f"hg:feedback:{trace_id}"
