"""What time a question is about, and how far a passage is of that time; in English, German and French."""

import re
from dataclasses import dataclass
from datetime import date

from rag.passages import Passage

COUNTS = 0.5  # how far being of the right time lifts a passage, in proportion to what else speaks for it
_YEAR = re.compile(r"(?<![\d.,'])(?:19[5-9]\d|20\d\d)(?![\d'])")
_SHORT = re.compile(r"(?<!\d)(20)(\d\d)\s?[/–-]\s?(\d\d)(?!\d)")  # 2024/25
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_NOW = re.compile(
    r"""\b(?:current(?:ly)?|latest|newest|most\ recent|up[\ -]to[\ -]date|nowadays|today|at\ present|right\ now
    |in\ force|aktuell\w*|neu(?:e)?ste[nrsm]?|derzeit\w*|zurzeit|momentan\w*|heut(?:e|ige[nrsm]?)|gegenwärtig\w*
    |jetzige[nrsm]?|gültig\w*|geltende[nrsm]?|in\ kraft|letzte[nr]?\ (?:version|fassung|stand)
    |actuel\w*|en\ vigueur|plus\ récente?s?|à\ jour|en\ ce\ moment|aujourd['’]hui|valables?
    |dernières?\ (?:versions?|éditions?))\b""",
    re.VERBOSE,
)
_NAMED = {
    -2: r"year before last|vorletzte[nsm]? jahr(?:es)?|avant-dernière année",
    -1: r"(?:last|previous|past) year|(?:letzte|vergangene|vorige)[nsm]? jahr(?:es)?|vorjahr\w*"
    r"|l['’]an(?:née)? (?:derni(?:er|ère)|passée?)",
    0: r"(?:this|the current) year|(?:diese|laufende)[nsm]? jahr(?:es)?|heuer|cette année|année en cours",
    1: r"(?:next|coming) year|(?:nächste|kommende)[nsm]? jahr(?:es)?|l['’]an(?:née)? prochaine?",
}
_RELATIVE = {years: re.compile(rf"\b(?:{words})\b") for years, words in _NAMED.items()}


@dataclass(frozen=True, slots=True)
class Time:
    """The years that a question names, or `now` where it asks for what holds today."""

    today: date
    years: frozenset[int] = frozenset()
    now: bool = False

    @classmethod
    def of(cls, question: str, today: date) -> "Time":
        """Reads it from the words."""
        said = " ".join(question.casefold().split())
        years = years_in(said)
        for distance, words in _RELATIVE.items():
            said, found = words.subn(" ", said)
            years |= {today.year + distance} if found else set()
        return cls(today, frozenset(years), not years and bool(_NOW.search(said)))

    @property
    def matters(self) -> bool:
        """Whether the question asks for any time."""
        return self.now or bool(self.years)

    def lifted(self, score: float, passage: Passage) -> float:
        """The score with what the passage's time adds; nothing is ever taken off, least of all from the undated."""
        return score + COUNTS * self._fit(passage) * score * (1 - score)

    def _fit(self, passage: Passage) -> float:
        """How far the passage is of that time, between 0 and 1: by its date, its title, or what it says."""
        if self.years:
            headed = years_in(f"{passage.title} {passage.heading}") | _dated(passage)
            return 1.0 if self.years & headed else 0.5 if self.years & years_in(passage.text) else 0.0
        return float(self.now and 0.5 ** self._age(passage))

    def _age(self, passage: Passage) -> float:
        """How many years old; infinite where nothing tells, or where it is not yet of this time."""
        if dated := _DATE.match(passage.date):
            year, month, day = (int(part or 1) for part in dated.groups())
            age = (self.today.year - year) + (self.today.month - month) / 12 + (self.today.day - day) / 365
        elif titled := years_in(passage.title):
            age = self.today.year - max(titled)
        else:
            return float("inf")
        return age if age >= 0 else float("inf")


def newer(one: Passage, other: Passage) -> bool:
    """Whether the one is dated later than the other; the undated counts as oldest."""
    return bool(_DATE.match(one.date)) and (not _DATE.match(other.date) or one.date > other.date)


def years_in(text: str) -> set[int]:
    """The years that a text names, both of `2024/25`."""
    whole = {int(year) for year in _YEAR.findall(text)}
    return whole | {int(century + year) for century, _, year in _SHORT.findall(text)}


def _dated(passage: Passage) -> set[int]:
    return {int(dated[1])} if (dated := _DATE.match(passage.date)) else set()
