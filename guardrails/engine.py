"""The analyser: what has a form, found by RE2 and Presidio's recognisers, and names; nothing fetched or logged."""

import base64
import binascii
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import re2
from presidio_analyzer import RecognizerRegistry

from guardrails.forms import GOOD
from guardrails.masking import Span
from guardrails.name_model import NameModel
from guardrails.recognizer import Recognizer, options
from guardrails.recognizers import recognizers
from guardrails.unicode import Folded, fold

_ENCODED: Final = r"[A-Za-z0-9+/_-]{16,}={0,2}"
_BROKEN: Final = re.compile(r"(?<=\d)[ .-]?\n(?=[ ]?[0-9A-Za-z])|(?<=[0-9A-Z])[ .-]?\n(?=[ ]?\d)")
_PRINTABLE: Final = re.compile(r"[\x20-\x7e\s\u00a0-\uffff]{10,}")
_CERTAIN: Final = 0.4
_WITHIN: Final = ("PHONE_NUMBER", "PASSPORT", "FR_SIREN", "UK_NHS", "LICENSE_PLATE", "DE_TAX_NUMBER")
"""Kinds that give way to others of which they would be a part; to an IBAN all do, even to one that does not fit."""


class Forms:
    """Finds what has a form; `passes` counts how often RE2 went over a text."""

    def __init__(self, employee_number: str = "") -> None:
        """Compiles all patterns; raises ValueError where that of the employee numbers is not one for RE2."""
        for name in ("presidio-analyzer", "tldextract"):
            logging.getLogger(name).addFilter(_silent)  # both quote the text they look at
        registry = RecognizerRegistry(recognizers(employee_number))
        self._recognizers = [known for known in registry.recognizers if isinstance(known, Recognizer)]
        self._gate = re2.Set.SearchSet(options())
        for recognizer in self._recognizers:
            self._gate.Add(recognizer.form.pattern)
        self._encoded_at = self._gate.Add(_ENCODED)
        self._gate.Compile()
        self._encoded = re2.compile(_ENCODED, options())
        self.passes = 0

    def spans(self, text: str) -> list[Span]:
        """All that has a form in `text`, overlapping, without what lies in something stronger."""
        folded = fold(text)
        found = [*self._scan(folded.text, may_decode=True), *self._over_lines(folded.text)]
        return [_original(folded, span) for span in _settled(len(folded.text), found)]

    def _scan(self, text: str, may_decode: bool) -> Iterator[Span]:
        """What the recognisers find that have something to look at."""
        self.passes += 1
        for index in self._gate.Match(text) or ():
            if index == self._encoded_at:
                if may_decode:
                    yield from self._decoded(text)
                continue
            self.passes += 1
            for result in self._recognizers[index].analyze(text, []):
                yield Span(result.start, result.end, result.entity_type, result.score)

    def _over_lines(self, text: str) -> Iterator[Span]:
        """What is found only when the ends of lines inside numbers are taken for blanks."""
        breaks = [match.end() - 1 for match in _BROKEN.finditer(text)]
        if not breaks:
            return
        chars = list(text)
        for at in breaks:
            chars[at] = " "
        for span in self._scan("".join(chars), may_decode=False):
            if text.count("\n", span.start, span.end) == 1 and span.score > _CERTAIN:
                yield replace(span, score=max(span.score, GOOD))  # more than its halves

    def _decoded(self, text: str) -> Iterator[Span]:
        """Words in base64 that hold something with a form."""
        self.passes += 1
        for match in self._encoded.finditer(text):
            inside = _from_base64(match[0])
            if inside and (found := [span for span in self._scan(fold(inside).text, False) if span.score > _CERTAIN]):
                strongest = max(found, key=lambda span: span.score)
                yield Span(match.start(), match.end(), strongest.type, strongest.score)


class Analyser:
    """Forms and names together; not for two threads at once."""

    def __init__(self, employee_number: str = "") -> None:
        """Loads everything; `employee_number` is a pattern for RE2, ValueError where it is not."""
        self.forms = Forms(employee_number)
        self._names = NameModel()

    def spans(self, text: str) -> list[Span]:
        """All that was detected, overlapping, in no order."""
        return joined(self.forms.spans(text), self._names.spans(text), len(text))


def joined(forms: list[Span], names: list[Span], length: int) -> list[Span]:
    """All of them but the names that lie wholly in something with a form, such as in an e-mail address."""
    taken = bytearray(length)
    for span in forms if names else ():
        if span.score > _CERTAIN:
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
    return forms + [name for name in names if taken.find(0, name.start, name.end) >= 0]


def _silent(_: logging.LogRecord) -> bool:
    return False


def _settled(length: int, found: list[Span]) -> list[Span]:
    """`found` without what lies wholly in stronger spans."""
    if len(found) < 2:
        return found
    taken = bytearray(length)
    kept: list[Span] = []
    for span in sorted(set(found), key=_strength, reverse=True):
        if taken.find(0, span.start, span.end) >= 0:
            kept.append(span)
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
    return kept


def _strength(span: Span) -> tuple[int, float, int]:
    rank = 2 if span.type == "IBAN_CODE" else int(span.score > _CERTAIN)
    return rank, (span.type not in _WITHIN) + span.score, span.end - span.start


def _original(folded: Folded, span: Span) -> Span:
    start, end = folded.span(span.start, span.end)
    return Span(start, end, span.type, round(span.score, 2))


def _from_base64(word: str) -> str:
    """The text that is written in base64, or nothing."""
    word = word.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        decoded = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return decoded if _PRINTABLE.fullmatch(decoded) else ""
