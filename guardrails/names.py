"""Finds names of people with evidence that holds in languages which capitalise nouns; knows no library."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from guardrails.languages import FUNCTION_WORDS
from guardrails.masking import Span
from guardrails.name_words import AMBIGUOUS, BEFORE_PLACES, GIVEN, NEVER_FIRST, NOT_NAMES, PARTICLES, TITLES

SURE, LIKELY, FAIR, DOUBTFUL = 0.9, 0.85, 0.6, 0.3
"""Scores: a title or introduction; a given name and more; the model alone, in English; the model alone otherwise."""

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_ELISION = re.compile(r"(?:[dljmnst]|qu)['’](?=[^\W\d_])", re.IGNORECASE)
_POSSESSIVE = re.compile(r"['’][sS]?$")
_JOINED = re.compile(r"[ \u00a0]|\. ")

_CUE = re.compile(
    r"(?:\bmy name is|\bmein name ist|\bich hei(?:ss|ß)e|\bje m['’]appelle|\bmon nom est|\bmi chiamo"
    r"|\b(?:mit freundlichen|freundliche|viele|liebe|beste) gr(?:ü|u)(?:ss|ß)en?,?|\b(?:kind |best )?regards,?"
    r"|\bcordialement,?|\bsalutations(?: distinguées)?,?"
    r"|(?:^|\n)[ \t]*(?:full |vor|nach)?name ?:|(?:^|\n)[ \t]*(?:pré)?nom ?:)"
    r"\s*$",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:^|\n)\s*(?:hi|hello|hey|dear|hallo|hoi|liebe[rs]?|guten (?:tag|morgen|abend)|grüezi|bonjour|bonsoir|salut"
    r"|ch(?:er|ère)|ciao|buongiorno)\s+$",
    re.IGNORECASE,
)
_GREETED = re.compile(r"[^\W\d_]+(?: [^\W\d_]+)?\s*(?:[,!\n]|$)")
_REACH = 40

_NOUN_ENDING = re.compile(
    r"(?:ungen|ung|heit|keit|schaft|tionen|tion|tage|zeit|geld|nummer|adresse|daten|karte|konto)$"
)


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str

    @property
    def folded(self) -> str:
        return self.text.lower()

    @property
    def is_given(self) -> bool:
        return self.text[0].isupper() and all(part in GIVEN for part in self.folded.split("-"))

    @property
    def is_initial(self) -> bool:
        return len(self.text) == 1 and self.text.isupper()


class NameFinder:
    """Finds names, given the ordinary words of the model's own language, English."""

    def __init__(self, english: frozenset[str]) -> None:
        self._not_names = NOT_NAMES.union(*FUNCTION_WORDS.values())
        self._english = english

    def find(self, text: str, language: str, guesses: Sequence[Span]) -> list[Span]:
        """Names in `text`; `guesses` is what a model took for names, and lends weight where it can be trusted."""
        words = list(_words(text))
        found = [*self._with_evidence(text, words, language, guesses), *self._guessed(text, words, language, guesses)]
        return [*found, *self._repeated(words, found)]

    def _with_evidence(self, text: str, words: list[_Word], language: str, guesses: Sequence[Span]) -> Iterator[Span]:
        taken = 0
        for index, word in enumerate(words):
            if word.start < taken or not (self._may_be_name(word) or word.is_given) or _is_place(text, words, index):
                continue
            lead = _lead(text, words, index)
            introduced = _is_introduced(text, words, lead)
            if not introduced and not word.is_given:
                continue
            name = self._extend(text, words[index:], language)
            score = SURE if introduced else _score(name, guesses)
            taken = name[-1].end
            yield Span(words[lead if introduced else index].start, taken, "PERSON", score)

    def _guessed(self, text: str, words: list[_Word], language: str, guesses: Sequence[Span]) -> Iterator[Span]:
        """What the model says alone: trusted in its own language, for two words or more that look like a name."""
        for guess in guesses:
            inside = [word for word in words if _within(word, [guess]) and not _is_title(word)]
            name = _first_line(text, inside)
            if language == "en" and self._looks_like_a_name(name):
                yield Span(name[0].start, name[-1].end, "PERSON", FAIR)
            else:
                yield Span(guess.start, guess.end, "PERSON", DOUBTFUL)

    def _looks_like_a_name(self, words: list[_Word]) -> bool:
        names = [word for word in words if self._may_be_name(word) or word.is_initial]
        return (
            len(names) > 1
            and all(word in names or _is_particle(word) for word in words)
            and any(word.folded not in self._english for word in names if not word.is_initial)
        )

    def _repeated(self, words: list[_Word], found: list[Span]) -> Iterator[Span]:
        """Parts of names that were found elsewhere in the text: `Keller` after `Anna Keller`."""
        sure = [span for span in found if span.score >= LIKELY]
        parts = {
            word.text for word in words if _within(word, sure) and self._may_be_name(word) and not _is_ambiguous(word)
        }
        for word in words:
            if word.text in parts and not _within(word, sure):
                yield Span(word.start, word.end, "PERSON", FAIR)

    def _extend(self, text: str, words: list[_Word], language: str) -> list[_Word]:
        """The first of `words` with what follows it in the same name; German gets one surname, as nouns may follow."""
        name, surnames = words[:1], 0 if words[0].is_given else 1
        most = 1 if language == "de" else 2
        for index, word in enumerate(words[1:], start=1):
            if not _are_joined(text, words[index - 1], word):
                break
            if word.is_given or self._may_be_name(word):
                surnames += not word.is_given
                if surnames > most:
                    break
                name = words[: index + 1]
            elif not (_is_particle(word) or word.is_initial):
                break
        return name

    def _may_be_name(self, word: _Word) -> bool:
        return (
            len(word.text) > 1
            and word.text[0].isupper()
            and not word.text.isupper()
            and word.folded not in self._not_names
            and not _NOUN_ENDING.search(word.folded)
        )


def _words(text: str) -> Iterator[_Word]:
    for match in _WORD.finditer(text):
        elision = _ELISION.match(match[0])
        start = match.start() + (elision.end() if elision else 0)
        bare = _POSSESSIVE.sub("", text[start : match.end()])
        yield _Word(start, start + len(bare), bare)


def _first_line(text: str, words: list[_Word]) -> list[_Word]:
    """The first of `words` and those that follow it without a gap."""
    gaps = (index for index, (left, right) in enumerate(pairwise(words), 1) if not _are_joined(text, left, right))
    return words[: next(gaps, len(words))]


def _lead(text: str, words: list[_Word], index: int) -> int:
    """The index of the first particle before a name (`de la Tour`), or of the name itself."""
    while index and _is_particle(words[index - 1]) and _are_joined(text, words[index - 1], words[index]):
        index -= 1
    while words[index].folded in NEVER_FIRST:
        index += 1
    return index


def _is_place(text: str, words: list[_Word], index: int) -> bool:
    before = words[index - 1] if index else None
    return before is not None and before.folded in BEFORE_PLACES and _are_joined(text, before, words[index])


def _is_introduced(text: str, words: list[_Word], index: int) -> bool:
    word = words[index]
    if index and words[index - 1].folded in TITLES and _are_joined(text, words[index - 1], word):
        title = words[index - 1].text
        return title[0].isupper() and (len(title) == 1 or not title.isupper()) and word.folded not in TITLES
    before = text[max(0, word.start - _REACH) : word.start]
    greeted = _GREETING.search(before) and _GREETED.match(text, word.start)
    return bool(greeted or _CUE.search(before))


def _are_joined(text: str, left: _Word, right: _Word) -> bool:
    return _JOINED.fullmatch(text[left.end : right.start]) is not None


def _is_title(word: _Word) -> bool:
    return word.folded in TITLES


def _is_ambiguous(word: _Word) -> bool:
    return word.folded in AMBIGUOUS


def _within(word: _Word, spans: list[Span]) -> bool:
    return any(span.start <= word.start and word.end <= span.end for span in spans)


def _is_particle(word: _Word) -> bool:
    return word.folded in PARTICLES


def _score(name: list[_Word], guesses: Sequence[Span]) -> float:
    first, last = name[0], name[-1]
    guessed = any(guess.start < last.end and first.start < guess.end for guess in guesses)
    if _is_ambiguous(first):
        return FAIR if guessed and len(name) > 1 else DOUBTFUL
    return LIKELY if len(name) > 1 else FAIR
