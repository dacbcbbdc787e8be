"""How much of what is personal the guard finds, and how often it is wrong."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Final

from guardrails.masking import Span, Vault, hide, restore
from ops.bench import guard_data as data
from ops.bench.figures import Figure
from ops.bench.guard_data import Row

Find = Callable[[str], list[Span]]

ENOUGH: Final = 0.6
"""A span counts as found when so much of its letters and digits is covered, by whatever kind."""
GOALS: Final = {
    "EMAIL_ADDRESS": 0.99,
    "IBAN_CODE": 0.99,
    "CREDIT_CARD": 0.99,
    "IP_ADDRESS": 0.99,
    "US_SSN": 0.99,
    "CH_AHV": 0.99,
    "CH_UID": 0.99,
    "PHONE_NUMBER": 0.95,
}
ADDRESSES: Final = ("STREET_ADDRESS", "ADDRESS")
SEEN: Final = ("EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "IP_ADDRESS", "PHONE_NUMBER")


class Tally:
    """Spans that ought to be found, and those that were."""

    def __init__(self) -> None:
        self.spans = self.found = self.letters = self.covered = 0

    def add(self, text: str, truth: Span, covered: set[int]) -> None:
        """One span, and the places that the guard covers."""
        letters = [at for at in range(truth.start, truth.end) if text[at].isalnum()]
        hit = sum(at in covered for at in letters)
        self.spans += 1
        self.found += hit >= ENOUGH * len(letters)
        self.letters += len(letters)
        self.covered += hit


def tallies(rows: Iterable[Row], find: Find, change: Callable[[str], str] = str) -> dict[str, Tally]:
    """What was found of each kind; a row whose length `change` does not keep is left out."""
    kinds: dict[str, Tally] = defaultdict(Tally)
    for row in rows:
        text = change(row.text)
        if len(text) != len(row.text):
            continue
        covered = {at for span in find(text) for at in range(span.start, span.end)}
        for truth in row.spans:
            kinds[truth.type].add(text, truth, covered)
    return kinds


def structured(find: Find, research: dict[str, Tally]) -> list[Figure]:
    """Shows 1, what has a form: spans found, by kind."""
    numbers, vectors = tallies(data.numbers(), find), tallies(data.vectors(), find)
    figures = []
    for kind, goal in GOALS.items():
        parts = [research[kind]] if kind in SEEN else []
        parts += [source[kind] for source in (numbers, vectors) if kind in source]
        count = sum(part.spans for part in parts)
        figures.append(Figure(f"recall-{kind}", sum(part.found for part in parts) / max(count, 1), count, goal))
    return figures


def names(find: Find, research: dict[str, Tally]) -> list[Figure]:
    """Shows 1, names and addresses: letters covered."""
    lowered = tallies(data.research(), find, str.lower)["PERSON"]
    french, office = tallies(data.own("french"), find), tallies(data.own("office"), find)
    german = tallies(data.german(), find)["PER"]
    figures = [_letters("names-en", [research["PERSON"]], 0.90), _letters("names-en-lower-case", [lowered], 0.75)]
    figures += [_letters("names-de", [german], 0.85), _letters("names-fr", [french["PERSON"]])]
    figures += [_letters("names-office-chat", [office["PERSON"]])]
    figures += [_letters("addresses-en", [research[kind] for kind in ADDRESSES], 0.85)]
    return [
        *figures,
        _letters("addresses-fr", [french["ADDRESS"]]),
        _letters("addresses-office-chat", [office["ADDRESS"]]),
    ]


def _letters(name: str, parts: list[Tally], goal: float | None = None) -> Figure:
    covered, letters = sum(part.covered for part in parts), sum(part.letters for part in parts)
    return Figure(name, covered / max(letters, 1), sum(part.spans for part in parts), goal)


def alarms(find: Find) -> list[Figure]:
    """Shows 2 and 3: what is hit and should not be."""
    logs, code, knowledge, alike = data.logs(), data.code(), data.knowledge(), data.lookalikes()
    return [
        Figure("hits-logs", _hit(logs, find), len(logs), 0.02, most=True),
        Figure("code-changed-by-mask-and-restore", _changed(code, find), len(code), 0.0, most=True),
        Figure("hits-code", _hit(code, find), len(code)),
        Figure("hits-knowledge-base-sentences", _hit(knowledge, find), len(knowledge)),
        Figure("hits-lookalike-numbers", _hit(alike, find), len(alike), 0.05, most=True),
    ]


def _hit(texts: list[str], find: Find) -> float:
    return sum(bool(find(text)) for text in texts) / max(len(texts), 1)


def _changed(texts: list[str], find: Find) -> float:
    changed = 0
    for text in texts:
        vault = Vault()
        changed += restore(hide(text, find(text), vault), vault) != text
    return changed / max(len(texts), 1)


def shuffled(texts: list[str], count: int) -> list[str]:
    """So many of the texts, in the same order each time."""
    rng = random.Random(7)  # noqa: S311
    return [rng.choice(texts) for _ in range(count)]
