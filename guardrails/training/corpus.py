"""Sentences with their names and addresses marked: the templates filled, in upper and lower case, with the slips people make."""

import random
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from guardrails.training import pools
from guardrails.training.pools import Pools

KINDS: Final = ("PERSON", "STREET_ADDRESS", "LOCATION", "ORGANIZATION")
_SLOT: Final = re.compile(r"\{([A-Z]+)\}")
_WORD: Final = re.compile(r"(?<![\w/.@-])[^\W\d_]{4,}(?![\w/@])")


class Marked(NamedTuple):
    """A text and its marks: start, end, kind."""

    text: str
    marks: tuple[tuple[int, int, str], ...]


def templates(folder: Path) -> list[str]:
    """The lines of all template files."""
    lines = (line for path in sorted(folder.glob("templates.*.txt")) for line in path.read_text().splitlines())
    return [line.replace("\\n", "\n") for line in lines if line.strip() and not line.startswith("#")]


class Filler:
    """Fills templates, each time otherwise."""

    def __init__(self, pool: Pools, rng: random.Random) -> None:
        self._rng = rng
        self._slots: dict[str, tuple[str, Callable[[], str]]] = {
            "PERSON": ("PERSON", lambda: pools.person_of(pool, rng)),
            "GIVEN": ("PERSON", lambda: rng.choice(pool.given)),
            "SURNAME": ("PERSON", lambda: pools.surname(pool, rng)),
            "STREET": ("STREET_ADDRESS", lambda: pools.street(pool, rng)),
            "ADDRESS": ("STREET_ADDRESS", lambda: pools.address(pool, rng)),
            "CITY": ("LOCATION", lambda: rng.choice(pool.cities)),
            "ORG": ("ORGANIZATION", lambda: pools.company(pool, rng)),
            "PHONE": (
                "",
                lambda: _digits(
                    rng, rng.choice(("+41 ## ### ## ##", "0## ### ## ##", "(###) ###-####", "+49 ## ########"))
                ),
            ),
            "EMAIL": (
                "",
                lambda: f"{rng.choice(pool.given)}.{rng.choice(pool.surnames)}@example.com".lower().replace(" ", ""),
            ),
            "NUM": ("", lambda: str(rng.randrange(10 ** rng.randrange(1, 6)))),
            "ID": ("", lambda: _digits(rng, rng.choice(("INC-#####", "#######", "PR ####", "A#-##", "HG-###")))),
            "DATE": (
                "",
                lambda: _digits(
                    rng,
                    rng.choice(("1#.0#.20##", "20##-0#-1#", "1# March", "1#. Mai 20##", "0#/1#/20##", "le 1# juin")),
                ),
            ),
        }

    def fill(self, template: str) -> Marked:
        """The template with something in each slot."""
        text, marks, at = "", [], 0
        for slot in _SLOT.finditer(template):
            kind, make = self._slots[slot[1]]
            value = make()
            if kind == "PERSON" and self._rng.random() < 0.08:
                value = _plain(value)
            text += template[at : slot.start()]
            if kind:
                marks.append((len(text), len(text) + len(value), kind))
            text, at = text + value, slot.end()
        return Marked(text + template[at:], tuple(marks))

    def planted(self, marked: Marked) -> Marked:
        """A name in the place of a word, whatever the sentence says: a name is to be known by itself as well."""
        words = [word for word in _WORD.finditer(marked.text) if not _touches(word.span(), marked.marks)]
        if not words:
            return marked
        word = self._rng.choice(words)
        slot = self._rng.choice(("PERSON", "PERSON", "GIVEN", "SURNAME", "SURNAME"))
        value = self._slots[slot][1]()
        by = len(value) - len(word[0])
        moved = [
            (start + by * (start >= word.end()), end + by * (end > word.start()), kind)
            for start, end, kind in marked.marks
        ]
        text = marked.text[: word.start()] + value + marked.text[word.end() :]
        return Marked(text, tuple(sorted([*moved, (word.start(), word.start() + len(value), "PERSON")])))

    def renamed(self, marked: Marked) -> Marked:
        """The same sentence about other people."""
        text, marks, at = "", [], 0
        for start, end, kind in sorted(marked.marks):
            slot = "PERSON" if " " in marked.text[start:end] else "SURNAME"
            value = self._slots[slot][1]() if kind == "PERSON" and start >= at else marked.text[start:end]
            text += marked.text[at:start]
            marks.append((len(text), len(text) + len(value), kind))
            text, at = text + value, max(at, end)
        return Marked(text + marked.text[at:], tuple(marks))

    def varied(self, marked: Marked) -> Marked:
        """The sentence as people type it: all in lower case, the names alone, in capitals; the marks keep their places."""
        dice, text = self._rng.random(), marked.text
        if dice < 0.24:
            text = _same_length(text, str.lower)
        elif dice < 0.28:
            text = _same_length(text, str.upper)
        elif dice < 0.36:
            change = str.lower if dice < 0.33 else str.upper
            for start, end, kind in marked.marks:
                if kind == "PERSON" or self._rng.random() < 0.5:
                    text = text[:start] + _same_length(text[start:end], change) + text[end:]
        elif dice < 0.40 and text[-1:] in ".!?":
            text = text[:-1]
        return Marked(text, tuple((start, min(end, len(text)), kind) for start, end, kind in marked.marks))


def joined(sentences: Iterable[Marked], rng: random.Random) -> Iterator[Marked]:
    """Now and then two or three sentences in one text, as the model will read them."""
    waiting: list[Marked] = []
    for sentence in sentences:
        waiting.append(sentence)
        if rng.random() < 0.75 or len(waiting) == 3:
            yield _join(waiting, rng.choice((" ", " ", "\n")))
            waiting = []


def _join(parts: list[Marked], glue: str) -> Marked:
    text, marks = "", []
    for part in parts:
        text += glue if text else ""
        marks += [(start + len(text), end + len(text), kind) for start, end, kind in part.marks]
        text += part.text
    return Marked(text, tuple(marks))


def _touches(span: tuple[int, int], marks: Iterable[tuple[int, int, str]]) -> bool:
    return any(start < span[1] and span[0] < end for start, end, _ in marks)


def _same_length(text: str, change: Callable[[str], str]) -> str:
    """Changes letter by letter, those aside whose other case is longer."""
    return "".join(new if len(new := change(char)) == 1 else char for char in text)


def _plain(value: str) -> str:
    """Without accents, as on an English keyboard."""
    return "".join(char for char in unicodedata.normalize("NFD", value) if not unicodedata.combining(char))


def _digits(rng: random.Random, form: str) -> str:
    return "".join(str(rng.randrange(10)) if char == "#" else char for char in form)
