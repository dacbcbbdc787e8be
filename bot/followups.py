"""How far a question leans on the thread, and what was asked about before; in three languages, without a model.

A question leans on the thread if it points there ("it", "dort", "celui-ci"), begins as an addition ("and", "qu'en
est-il") or names nothing to search for ("how much?"); perhaps, if it is short. What is carried over are the words that
the question before was about, never its phrasing. Whatever is carried, the question is searched for by itself as well
and the better counts: so a new topic is not lost in an old one (`docs/decisions/0010`).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from guardrails.languages import FUNCTION_WORDS
from rag.passages import Hit

SURELY: Final = 1.0  # what hits found with the words carried over count, where the question surely leans
PERHAPS: Final = 0.85  # where it may
REACH: Final = 4  # questions back at most
NAMED: Final = 3  # a question with more words of its own that points nowhere stands alone
RESOLVED: Final = 3  # words of its own before "it" or "they": these are then what is meant
CARRIED: Final = 12  # words at most


@dataclass(frozen=True, slots=True)
class Sought:
    """What is searched for: a question by itself, and with the words it leans on; hits of these count `weight`."""

    question: str
    leaning: str = ""
    weight: float = 0.0


_WORD = re.compile(r"\w+(?:\.\w+)*")
_SAYS_LITTLE: Final = frozenset().union(*FUNCTION_WORDS.values()) | frozenset(
    """
    long often far big high old late soon early details detail example examples explain elaborate mean means work works
    apply applies cost costs happen happens list else again different difference possible allowed okay thing things
    viel viele lange hoch oft weit alt spät genau gilt gelten kostet bedeutet heisst heißt funktioniert beispiel
    beispiele details möglich erlaubt erklären gleich unterschied longtemps souvent loin grand détails détail exemple
    exemples expliquer possible permis coûte signifie marche différence dire donner c d j l m n s t qu
    """.split()
)
_POINTING: Final = frozenset(
    """
    it its they them their these those this he him his she her both such
    er ihn ihm ihr ihre ihren ihrem ihrer sie dies diese diesen diesem dieser dieses jene jenen jener dessen deren dort
    davon dafür dazu dabei daran darauf daraus darin darüber dagegen danach solche solchen solcher solches
    il elle ils elles leur leurs lui celui celle ceux celles cela ça cet cette ces
    """.split()
)
_POINTING_ALONE = re.compile(
    r"""\b(?:(?:about|after|and|are|before|by|can|did|do|does|for|if|is|like|of|than|to|was|why|will|with)\ that
    | das\ (?:auch|für|bei|in|noch|nicht|dann|denn|eigentlich|genau|gilt|ist|heißt|heisst)
    | (?:that|there|ones?|das|die|den|y)[\ ]?[?.!]*$)""",
    re.VERBOSE,
)
_SAYS_NOTHING = re.compile(
    r"""\b(?:(?:is|was|does)\ it(?=\ (?:possible|allowed|true|take|cost\ to|necessary))
    |it\ (?:is|takes)|there\ (?:is|are)|(?:this|these)\ (?:year|quarter|month|week|days)
    |diese[nrsm]?\ (?:jahr\w*|quartal|monat|woche|tage\w*)|(?:cette|cet|ces)\ (?:année|mois|semaine|jours)
    |il\ (?:y\ a|faut|est|n['’]y\ a)|y\ a-t-il|(?:faut|est|existe|peut)-il|s['’]il\ (?:vous|te)\ pla[iî]t)\b""",
    re.VERBOSE | re.IGNORECASE,
)
_ADDS = re.compile(
    r"""(?:and|but|or|so|also|then|what\ (?:about|if|else)|how\ (?:about|come)|why(?:\ not)?[?]?$|any\ (?:other|more)
    |und|aber|oder|auch|dann|was\ (?:ist\ mit|noch|sonst)|wie\ (?:sieht|steht)\ es|wie\ ist\ es\ (?:mit|bei|in)|sonst
    |et|mais|ou|alors|donc|aussi|qu['’]en\ est-il|quoi\ d['’]autre|sinon)\b
    |.*\b(?:too|as\ well|either|instead|auch|ebenfalls|stattdessen|aussi|également|non\ plus)\ ?[?.!]*$""",
    re.VERBOSE | re.IGNORECASE,
)


def leaning(question: str) -> float:
    """How far the question leans on what was said before: `SURELY`, `PERHAPS`, or 0 where it stands alone."""
    told = " ".join(_SAYS_NOTHING.sub(" ", question).split())
    if _ADDS.match(question.strip()) or _POINTING_ALONE.search(told) or _points(told) or not own_words(told):
        return SURELY
    return PERHAPS if len(own_words(told)) <= NAMED else 0.0


def own_words(text: str) -> list[str]:
    """The words that say what a text is about, each once, in order."""
    return list(dict.fromkeys(word for word in _WORD.findall(text) if word.lower() not in _SAYS_LITTLE))


def topic(earlier: Sequence[str], question: str) -> str:
    """What the questions before were about, without what this one says itself.

    One is enough, unless it leans on the one before it.
    """
    said = {word.lower() for word in own_words(question)}
    carried: list[str] = []
    for before in reversed(earlier):
        carried = [word for word in own_words(before) if word.lower() not in said] + carried
        if leaning(before) < SURELY:
            break
    return " ".join(dict.fromkeys(carried[-CARRIED:]))


def joined(own: Iterable[Hit], carried: Iterable[Hit], weight: float, most: int) -> list[Hit]:
    """The best of what was found with and without the words carried over, each passage once."""
    best: dict[str, Hit] = {}
    for hit in (*own, *(replace(hit, score=hit.score * weight) for hit in carried)):
        known = best.get(hit.passage.chunk_id)
        if known is None or known.score < hit.score:
            best[hit.passage.chunk_id] = hit
    return sorted(best.values(), key=lambda hit: -hit.score)[:most]


def _points(told: str) -> bool:
    """Whether a word points out of the question; as written, for "Sie" is the person asked."""
    named = 0
    for place, word in enumerate(_WORD.findall(told)):
        if (word.lower() if place == 0 and word != "Sie" else word) in _POINTING:
            return named < RESOLVED
        named += word.lower() not in _SAYS_LITTLE
    return False
