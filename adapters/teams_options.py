"""What there is to set about Teams beyond a bot with a password."""

from dataclasses import dataclass, field

from adapters.teams_marks import own_seal
from bot.known import KNOWN_SECONDS
from bot.pace import FreePace, Pace
from bot.seal import Seal


@dataclass(frozen=True, slots=True)
class TeamsOptions:
    """The pace of all replicas together, which outsiders are let in, who helps, and how answers are classified.

    `certificate` is a PEM file with private key and certificate to sign in with in place of a password; `sensitivity`
    is the label that every answer carries; `seal`, the same in all replicas, keeps what buttons carry. With `groups`
    Entra is asked who is in which group; who may read what is relied on for `rights_seconds`.
    """

    pace: Pace = field(default_factory=FreePace)
    outsiders: tuple[str, ...] = ()
    helpdesk: tuple[str, ...] = ()
    certificate: str = ""
    sensitivity: str = ""
    seal: Seal = field(default_factory=own_seal)
    groups: bool = False
    rights_seconds: float = KNOWN_SECONDS
