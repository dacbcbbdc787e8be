"""Every key we keep in Redis, with how long and why. One conversation's keys share a hash slot through the braces.

What belongs to a class of data (`bot/retention.py`) may be kept shorter than here, never longer.
"""

from typing import Final

DAY: Final = 24 * 60 * 60

# Platforms deliver the same event again for minutes, proxies for hours; a day is safe and small.
SEEN_SECONDS: Final = DAY
# Someone who presses "ask again" does so the same day.
KEPT_SECONDS: Final = DAY
# What waits longer than a week is not wanted any more; `bot/inbox.lua` says the same.
QUESTION_SECONDS: Final = 7 * DAY
# An admin looks in once a month at least; `bot/inbox.lua` says the same.
PARKED_SECONDS: Final = 30 * DAY
# A conversation can be taken up again within a month; its vault must live exactly as long as its transcript.
CONVERSATION_SECONDS: Final = 30 * DAY
# People judge answers late, and reviews look back a quarter.
ANSWER_SECONDS: Final = 90 * DAY

# Exchanges kept of one conversation: far more than fits a prompt, little enough to load at once.
EXCHANGES: Final = 20

# For ever, as they describe all the rest: the layout's version, and a word under our seal that tells the right key.
SCHEMA: Final = "hg:schema"
KEY_CHECK: Final = "hg:keycheck"

# Sealed texts of `bot/cabinet.py`, which stay until they are deleted, or to the end that their writer gave them:
# a workspace's installation for ever, as a company installs once; the state of an OAuth flow for 10 minutes.
CABINET: Final = "hg:cabinet:"

# How often admins had everybody's rights asked for anew: for ever, as no process may take an old number for a new one.
RENEWALS: Final = "hg:renewals"

# The lock of the process that fires the jobs; as long as its lease, 15 s (`ops/leader.py`), so that another can follow.
LEADER: Final = "hg:{jobs}:leader"

# What the names of keys begin with that go on with a conversation.
TALK: Final = "hg:talk:"
ASKED: Final = "hg:asked:"


def fired(job: str, span: int) -> str:
    """Marks a job as fired in a span of time; kept for two spans, so that no clock fires it again."""
    return f"hg:{{jobs}}:fired:{job}:{span}"


def drawer(name: str) -> str:
    """A sealed text of the cabinet; for ever or as long as its writer says, see `CABINET`."""
    return f"{CABINET}{name}"


def lock(name: str) -> str:
    """Who works on something now; as long as the work may take, in seconds."""
    return f"hg:lock:{name}"


def seen(identifier: str) -> str:
    """Marks a command or verdict as taken, for a day."""
    return f"hg:seen:{identifier}"


def inbox(name: str) -> str:
    """All of the inbox: one hash slot, for the one script that writes it (`bot/inbox.lua`).

    | key                              | stays   | why                                                               |
    |----------------------------------|---------|-------------------------------------------------------------------|
    | `seen:ID`                        | 1 day   | events and messages that came already, see `SEEN_SECONDS`         |
    | `kept:ID`, `keeps:MESSAGE`       | 1 day   | sealed questions that a button asks again, and answers that one   |
    |                                  |         | shares, see `KEPT_SECONDS`                                        |
    | `ours:CONVERSATION`              | 30 days | conversations that go on without addressing us; names, no text    |
    | `mail:CONVERSATION`              | 7 days  | the order of what waits, see `QUESTION_SECONDS`                   |
    | `text:CONVERSATION`              | 7 days  | its sealed text, gone as soon as it is answered                   |
    | `turn:CONVERSATION`              | 7 days  | tries, lease and posted messages, gone as soon as it is answered  |
    | `bell`                           | 7 days  | wakes idle workers; 100 items at most, none is needed             |
    | `ready`, `later`, `running`      | 30 days | the line itself outlives what stands in it; names, no text        |
    | `untold`                         | 30 days | who is to be told that they wait; as the line                     |
    | `load`                           | 30 days | open messages by person, for fairness; as the line                |
    | `fence`                          | 30 days | the last lease's number, so that the next is larger; as the line  |
    | `parked`, `parked:ID`            | 30 days | sealed turns that failed too often, see `PARKED_SECONDS`          |
    """
    return f"hg:{{inbox}}:{name}"


def exchanges(conversation: str) -> str:
    """List of masked questions with their answers, oldest first; a month from the last one."""
    return f"{TALK}{{{conversation}}}:exchanges"


def conversation_of(place: str) -> str:
    """The conversation that a key of `exchanges` or `state` belongs to."""
    return place[place.index("{") + 1 : place.rindex("}")]


def state(conversation: str) -> str:
    """Hash: the sealed vault (which placeholder stands for which value), and the numbers that keep old writers out.

    As long as the exchanges.
    """
    return f"{TALK}{{{conversation}}}:state"


def answer(message_id: str) -> str:
    """What is known of the answer that a message shows: masked question and text, documents, model, trace; 90 days."""
    return f"hg:answer:{message_id}"


def feedback(trace_id: str) -> str:
    """Hash: person → verdict on the answer, and `person why` → why, masked; 90 days from the last one."""
    return f"hg:feedback:{trace_id}"


def asked(conversation: str, message_id: str) -> str:
    """Which answer a message got, as long as that answer stays: for when the message is deleted."""
    return f"{ASKED}{{{conversation}}}:{message_id}"


def place(name: str) -> str:
    """Hash: what admins enabled in a channel; for ever, as it is configuration, until they disable it."""
    return f"hg:place:{name}"


def pace(name: str) -> str:
    """When a queue of calls to a platform is empty again; gone by then, an hour at most. One hash slot for all."""
    return f"hg:{{pace}}:{name}"
