"""What Teams does with a call: taken or not, why not, and how fast we may call."""

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from time import time
from typing import Any, Final

from adapters.teams_activity import Address
from adapters.teams_wire import Reply
from bot.pace import Limit

_LATER: Final = frozenset({408, 412, 429})
_NOT_BUILT: Final = 501
_LONGEST_PAUSE: Final = 3600.0
_UNREACHABLE: Final = frozenset(
    {
        "BotDisabledByAdmin",
        "BotNotInConversationRoster",
        "BotNotRegistered",
        "ConversationBlockedByUser",
        "ConversationNotFound",
        "MessageWritesBlocked",
    }
)


class Fate(Enum):
    """What becomes of a call that Teams did not take."""

    LATER = auto()  # it may be taken later
    GONE = auto()  # the message that it is about was deleted
    ENDED = auto()  # the stream that it is about takes nothing any more
    REFUSED = auto()  # not as it is
    UNREACHABLE = auto()  # nobody is there any more


class NotTaken(Exception):
    """Teams did not take a call, and wants none for `pause` seconds; where no answer came it may have."""

    def __init__(self, reason: str, fate: Fate = Fate.LATER, pause: float = 0.0, *, stopped: bool = False) -> None:
        super().__init__(reason)
        self.fate = fate
        self.pause = pause
        self.stopped = stopped  # the person stopped the stream


def taken(reply: Reply) -> Mapping[str, Any]:
    """What Teams answered. Raises NotTaken."""
    if reply.status < 300:
        if reply.said is None:  # a page of some proxy on the way
            raise NotTaken("an answer that is none")
        return reply.said
    error = (reply.said or {}).get("error")
    code, told = (_text(error, "code"), _text(error, "message")) if isinstance(error, dict) else ("", "")
    stopped = code == _OVER and "cancel" in told.lower()
    pause = _seconds(reply.headers.get("Retry-After", ""))
    raise NotTaken(f"{reply.status} {code}", _fate(reply.status, code), pause, stopped=stopped)


_OVER: Final = "ContentStreamNotAllowed"


def limits(address: Address) -> list[Limit]:
    """How fast we may speak in a conversation: in a channel, all its threads count as one."""
    name = address.channel
    return [
        Limit(f"{name}:s", 0.5, 4),
        Limit(f"{name}:m", 0.6, 10),
        Limit(f"{name}:h", 2.4, 300),
        Limit(f"teams:{address.tenant}", 1 / 20, 10),
    ]


def limits_of_reading(address: Address) -> list[Limit]:
    """How fast we may ask who is in a conversation."""
    name = f"{address.channel}:who"
    return [Limit(name, 0.3, 8), Limit(f"{name}:h", 1.2, 600), Limit(f"teams:{address.tenant}", 1 / 20, 10)]


def _text(error: Mapping[str, object], key: str) -> str:
    value = error.get(key)
    return value if isinstance(value, str) else ""


def _seconds(wanted: str) -> float:
    """The pause that a Retry-After asks for, in seconds or as a date; 0 where it asks for nothing."""
    if re.fullmatch(r"[0-9]{1,6}(\.[0-9]+)?", wanted):
        return min(float(wanted), _LONGEST_PAUSE)
    try:
        return min(max(parsedate_to_datetime(wanted).timestamp() - time(), 0.0), _LONGEST_PAUSE)
    except ValueError:
        return 0.0


def _fate(status: int, code: str) -> Fate:
    if code in _UNREACHABLE:
        return Fate.UNREACHABLE
    if code == _OVER:
        return Fate.ENDED
    if status == 404:
        return Fate.GONE
    return Fate.LATER if status in _LATER or (status >= 500 and status != _NOT_BUILT) else Fate.REFUSED
