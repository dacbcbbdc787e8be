"""What the state page shows."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Part:
    """Something the service is made of; `detail` says what it is or what is wrong with it."""

    name: str
    ok: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """The service at this moment; `last_sync` is an ISO time or empty, `uptime` is in seconds."""

    version: str
    model: str
    model_kind: Literal["embedded", "remote", "extractive"]
    parts: tuple[Part, ...]
    documents: int
    passages: int
    last_sync: str
    uptime: float
