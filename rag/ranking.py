"""Puts what was found in order: by its own evidence, by what its document adds, by its time; the same text once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from rag.dates import Time, newer
from rag.embedder import Vectors
from rag.passages import Hit, Passage
from rag.words import words

WORDS_COUNT = 0.7  # how far words alone can go; anything from 0.6 to 0.9 does about as well (docs/decisions/0002)
SUPPORT = 0.18  # how much another good passage of the same document counts (docs/decisions/0010)
USUAL = 0.7  # how good another one is, against this one, in any document
NEAR = 0.9  # cosine below which two passages are not the same text, under whatever title
SAME_WORDS = 0.9  # share of words from which they are
FOLDED = 3  # so many times what is shown is looked through for the same text


@dataclass(frozen=True, slots=True)
class Candidates:
    """What was found: the document, the vector and the evidence, between 0 and 1, of each; `passage` reads one."""

    documents: Sequence[int]
    vectors: Vectors
    scores: Sequence[float]
    passage: Callable[[int], Passage]


def evidence(nearness: float, share: float) -> float:
    """Joins both kinds as independent witnesses: what one leaves open, the other may still settle.

    `nearness` is 0 for a pair of texts like any other and 1 for the same text, `share` the part of the question's rare
    words that is found. So the words decide about an exact name, which lies near nothing, and say nothing about a
    question in another language, of which they find next to none.
    """
    return 1 - (1 - nearness) * (1 - WORDS_COUNT * share)


def ranked(found: Candidates, time: Time, k: int, *, per_document: bool = False) -> list[Hit]:
    """Returns the k best, the best first; `per_document` the best passage of each document. No text comes twice."""
    scores = list(_supported(found))
    if time.matters:
        scores = [time.lifted(score, found.passage(at)) for at, score in enumerate(scores)]
    order: Iterable[int] = sorted(range(len(scores)), key=lambda at: -scores[at])
    shown = _folded(found, _first_of_each(found, order) if per_document else order, k)
    return [Hit(passage, min(max(scores[at], 0.0), 1.0)) for at, passage in shown]


def _supported(found: Candidates) -> Iterator[float]:
    """Adds to each what the best other passage of its document says for it, where that is more than usual."""
    scores = defaultdict[int, list[float]](list)
    for document, score in zip(found.documents, found.scores, strict=True):
        scores[document].append(score)
    best = {document: sorted(each, reverse=True)[:2] for document, each in scores.items()}
    for document, score in zip(found.documents, found.scores, strict=True):
        first, *others = best[document]
        other = first if score < first else max(others, default=0.0)
        yield score + SUPPORT * max(other - USUAL * score, 0.0)


def _first_of_each(found: Candidates, order: Iterable[int]) -> Iterator[int]:
    seen = set[int]()
    for at in order:
        if found.documents[at] not in seen:
            seen.add(found.documents[at])
            yield at


def _folded(found: Candidates, order: Iterable[int], k: int) -> list[tuple[int, Passage]]:
    """Leaves out what says the same as a better one; of the same text in two documents, the newest stands for both."""
    shown: list[tuple[int, Passage]] = []
    for at in islice(order, FOLDED * k):
        passage = found.passage(at)
        near = [place for place, (other, _) in enumerate(shown) if found.vectors[at] @ found.vectors[other] >= NEAR]
        twin = next((place for place in near if _same(passage, shown[place][1])), None)
        if twin is None:
            shown.append((at, passage))
        elif newer(passage, shown[twin][1]):
            shown[twin] = shown[twin][0], passage
    return shown[:k]


def _same(one: Passage, other: Passage) -> bool:
    """Whether both say the same: nearly all words, and every number."""
    said, told = set(words(one.text)), set(words(other.text))
    numbers = [word for word in said ^ told if not word.isalpha()]
    return not numbers and len(said & told) >= SAME_WORDS * len(said | told)
