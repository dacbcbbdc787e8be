"""Approved answers from the command line: written down, listed with what has expired, dropped."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta

from ops.build import make_embedder, open_library
from ops.settings import Settings
from rag.curated import Approved, Curated


@dataclass(frozen=True, slots=True)
class Wording:
    """An answer as it is approved: for which questions, by whom, for whom, and for how many days."""

    questions: tuple[str, ...]
    text: str
    owner: str
    groups: frozenset[str]
    days: int


def add(settings: Settings, wording: Wording) -> int:
    """Writes an approved answer down; returns its number."""
    until = (date.today() + timedelta(days=wording.days)).isoformat()
    with _curated(settings) as curated:
        return curated.add(wording.questions, wording.text, wording.owner, wording.groups, until)


def remove(settings: Settings, number: int) -> bool:
    """Drops an approved answer; False if there is none."""
    with _curated(settings) as curated:
        return curated.remove(number)


def listed(settings: Settings) -> Iterator[str]:
    """Each approved answer in a few lines."""
    with _curated(settings) as curated:
        for one in curated.all():
            yield from _told(one, date.today())


def _told(one: Approved, today: date) -> Iterator[str]:
    state = "EXPIRED" if one.expired(today) else "until"
    readers = ", ".join(sorted(one.groups)) or "everybody"
    yield f"{one.id:3}. {one.questions[0]}  ({one.owner} on {one.made}, {state} {one.until}, for {readers})"
    yield from (f"     = {question}" for question in one.questions[1:])
    yield f"     {' '.join(one.text.split())[:160]}"


@contextmanager
def _curated(settings: Settings) -> Iterator[Curated]:
    with closing(open_library(settings, make_embedder(settings))) as library:
        yield library.curated
