"""Says where documents give different figures for what was answered; rather nothing than a false alarm."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final

from bot.support import stems
from rag.passages import Passage

ALIKE: Final = 0.7  # of the words of two sentences, for both to state the same thing
LEAST_WORDS: Final = 3
UNIT: Final = 4  # letters that forms of a unit share

_SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+|\n+|\s*\|\s*")
_FIGURE: Final = re.compile(
    r"(?P<before>[€$£]|\b[A-Z]{3})?[ \u00a0]?(?P<number>\d[\d.,'’\u202f]*)(?:[ \u00a0-]?(?P<after>%|[€$£]|[^\W\d_]+))?"
)
_PROPER: Final = re.compile(r"(?<=[^.!?\s])\s+([A-ZÄÖÜÉÈÀ]\w+)")
_SIGNS: Final = {"€": "eur", "$": "usd", "£": "gbp", "percent": "%", "prozent": "%"}


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two passages of different documents, and what each says where the other says something else."""

    one: Passage
    other: Passage
    said: tuple[str, str]


def conflict(answer: str, question: str, passages: Sequence[Passage]) -> Conflict | None:
    """The first place where another document gives another figure than the one that was answered, if there is any."""
    answered = frozenset(figure for figures in _figures(answer).values() for figure in figures)
    for one, other in product(passages, passages):
        if one.doc_id == other.doc_id:
            continue
        for here, there in product(_stating(one, answered), _sentences(other.text)):
            said = _differing(here, there, answered)
            if said and not _apart(question, one, other, here, there):
                return Conflict(one, other, said)
    return None


def _stating(passage: Passage, answered: frozenset[str]) -> Iterator[str]:
    """The sentences of a passage that hold a figure of the answer."""
    for sentence in _sentences(passage.text):
        if any(not answered.isdisjoint(figures) for figures in _figures(sentence).values()):
            yield sentence


def _sentences(text: str) -> list[str]:
    return [sentence for sentence in _SENTENCE.split(text) if any(map(str.isdigit, sentence))]


def _differing(here: str, there: str, answered: frozenset[str]) -> tuple[str, str] | None:
    """What two sentences that say the same of the same give as its figure, where these differ."""
    ours, theirs = stems(here), stems(there)
    if len(ours & theirs) < LEAST_WORDS or len(ours & theirs) < ALIKE * len(ours | theirs):
        return None
    mine, yours = _figures(here), _figures(there)
    if mine.keys() != yours.keys():
        return None
    differing = [unit for unit in mine if mine[unit].keys().isdisjoint(yours[unit])]
    if len(differing) != 1 or answered.isdisjoint(mine[differing[0]]):
        return None
    return next(iter(mine[differing[0]].values())), next(iter(yours[differing[0]].values()))


def _figures(sentence: str) -> dict[str, dict[str, str]]:
    """The figures of a sentence by their unit: the bare digits, and how they are written."""
    found: dict[str, dict[str, str]] = {}
    for match in _FIGURE.finditer(sentence):
        unit = (match["before"] or match["after"] or "").lower()
        digits = re.sub(r"\D", "", re.sub(r"[.,]00?$", "", match["number"].rstrip(".,'’")))
        written = match[0][: match.end("number") - match.start()] if match["before"] else match[0]
        found.setdefault(_SIGNS.get(unit, unit)[:UNIT], {})[digits] = written.strip(" \u00a0.,")
    return found


def _apart(question: str, one: Passage, other: Passage, here: str, there: str) -> bool:
    """Whether the two speak of different things: a name in one alone, or a word of the question in one alone."""
    if set(_PROPER.findall(here)) ^ set(_PROPER.findall(there)):
        return True
    asked = stems(question)
    return bool(asked & (stems(f"{one.title} {one.heading} {here}") ^ stems(f"{other.title} {other.heading} {there}")))
