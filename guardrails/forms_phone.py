"""Phone numbers: how they are grouped in the countries around us, and what the words beside them allow."""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers

from guardrails.forms import FAIR, GOOD, LIKELY
from guardrails.masking import Span

RUN: Final = r"(?:\(?\+|\(|\b)\d(?:[ ()./-]{0,3}\d){5,19}(?: ?(?:x|ext\.?|#) ?\d{1,6})?\b"
"""Digits in groups, for RE2."""

_NAMED: Final = re.compile(
    r"(?<![^\W_])(?:(?:tele)?phone|tel\b|tel[.:]|mobil|cell\b|cell-?phone|fax|handy|telefon|rufnummer|natel"
    r"|durchwahl|téléphone|tél|portable|telefono|cellulare|whatsapp|hotline|sms\b|festnetz|landline)",
    re.IGNORECASE,
)
_MEANT: Final = re.compile(
    r"(?<![^\W_])(?:call|reach|answering|messag|contact|ring|dial|text me|anruf|ruf|erreich|melde|kontakt|appel|joindre"
    r"|joignable|rappel|chiam|my num|number is|nummer|mon num|numéro|work\b|home\b|office|privat)",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 60, 20

_LAYOUT: Final = re.compile(
    r"(?:\(?0\d{2}\)?[ .\-/]\d{3}[ .-]\d{2}[ .-]\d{2}"  # Switzerland
    r"|0[1-9](?:[ .-]\d{2}){4}"  # France
    r"|\(0\d{2,4}\) ?\d{3,4}[ -]?\d{3,5}|\(\d{2,4}\) ?\d{3,4}-\d{3,4}"
    r"|(?:\+?1[-. ])?(?:\([2-9]\d{2}\) ?|[2-9]\d{2}[-.])[2-9]\d{2}[-.]\d{4}"  # North America
    r"|0[1-9]\d{1,4} ?[/-] ?(?:\d{5,8}(?:-\d{1,4})?|\d{4})(?!-)"  # Germany, Austria, Britain
    r"|0[1-9]\d{1,4} \d{5,8}(?: ?-\d{1,4})?"
    r"|0[1-9]\d{1,3}(?: \d{2,4}){2,4}"
    r"|07[4-9]\d{7}|0[67]\d{8}|07\d{9}|01[567]\d{8,9})(?![\d])"  # mobile
)
_LEAST, _USUAL, _MOST = 9, 10, 13
_DATE: Final = re.compile(
    r"(?:\d{1,2}[./-] ?\d{1,2}[./-] ?(?:19|20)\d{2}|(?:19|20)\d{2}[./-]\d{1,2}[./-]\d{1,2}"
    r"|\d{1,2}\.\d{1,2}\.\d{2}(?!\.\d))(?!\d) *"
)
_NO_PHONE: Final = re.compile(
    r"\d+\.\d{1,2}|(?:19|20)\d\d ?[-/] ?(?:19|20)?\d\d|\d{1,3}(?:\.\d{1,3}){3}|\d{1,3}(?:[ .]000)+"
    r"|\d{1,2}[./]\d{1,2}[./]\d{2,4}(?!\.?\d).*|(?:19|20)\d\d-\d{1,2}-\d{1,2}.*"
    r"|.*[ ./-]\d\b.*|.*/.*/.*|\d+\.\d{5,}.*|0[ ./].*"
)
"""Prices, years, dates, versions, thousands, lists of numbers."""


_WRITTEN: Final = re.compile(r"(?:\+|00[1-9]\d|001-).*\d[ ()./-]+\d")
_GOES_BEFORE: Final = re.compile(r"[A-Za-z]\d+[ .-]{1,2}$|[\w.,:/=#-]$")
_LABEL: Final = re.compile(r"[:=]$|(?:^|\W)[^\W\d_]+[./-]$")


def phones(text: str, start: int, end: int) -> Iterator[Span]:
    """The phone numbers in a run of digits."""
    run = text[start:end]
    if "+" in run[:2] or run.startswith("00"):
        yield from _international(text, start, end)
    elif not _belongs_to_more(text, start):
        yield from _national(text, start, end)


def _belongs_to_more(text: str, start: int) -> bool:
    """Whether the run goes on a group of letters and digits, as in an IBAN, or a number."""
    before = text[max(0, start - 12) : start]
    return _GOES_BEFORE.search(before) is not None and not _LABEL.search(before)


def _international(text: str, start: int, end: int) -> Iterator[Span]:
    number = text[start:end]
    plus = "+" + number[2:] if number.startswith("00") else number
    while sum(char.isdigit() for char in number) > 6:
        try:
            parsed = phonenumbers.parse(plus, None)
        except phonenumbers.NumberParseException:
            return
        is_valid = phonenumbers.is_valid_number(parsed)
        if is_valid or (phonenumbers.is_possible_number(parsed) and _may_be(text, start, end, number)):
            yield Span(start, start + len(number), "PHONE_NUMBER", GOOD if is_valid else FAIR)
            return
        shorter = re.sub(r"[ ()./-]+\d+\D*$", "", number)
        if shorter == number:
            return
        number, plus = shorter, plus[: len(plus) - len(number) + len(shorter)]


def _may_be(text: str, start: int, end: int, number: str) -> bool:
    """Whether a number that is not given out today is written like one to call, or said to be one."""
    return _WRITTEN.match(number) is not None or _said(_NAMED, text, start, end)


def _national(text: str, start: int, end: int) -> Iterator[Span]:
    found, is_whole = _laid_out(text, start, end)
    run = text[start:end]
    if found and (is_whole or _said(_NAMED, text, start, end) or _said(_MEANT, text, start, end)):
        yield from found
    elif 6 <= sum(char.isdigit() for char in run) <= 15 and not _NO_PHONE.fullmatch(run) and _is_said(text, start, end):
        yield Span(start, end, "PHONE_NUMBER", LIKELY)


def _laid_out(text: str, start: int, end: int) -> tuple[list[Span], bool]:
    """Numbers grouped as some country does, one after another, and whether nothing else is in the run."""
    found: list[Span] = []
    date = _DATE.match(text, start, end)
    at = date.end() if date else start
    while match := _LAYOUT.match(text, at, end):
        digits = sum(char.isdigit() for char in match[0])
        least = _LEAST if re.search(r"[(/-]|^\d+ \d+$", match[0]) else _USUAL
        if not least <= digits <= _MOST or _DATE.match(match[0]):
            break
        at = match.end()
        found.append(Span(match.start(), at, "PHONE_NUMBER", FAIR))
        while at < end and text[at] in " /":
            at += 1
    rest = text[at:end]
    if found and re.fullmatch(r"(?:x|ext\.?|#) ?\d+", rest):
        found[-1] = Span(found[-1].start, end, "PHONE_NUMBER", FAIR)
        rest = ""
    return found, not rest


def _is_said(text: str, start: int, end: int) -> bool:
    """Whether a word calls it a phone number, or one speaks of calling and it is grouped like a number to call."""
    if _said(_NAMED, text, start, end):
        return True
    run = text[start:end]
    return (run[0] == "0" or re.search(r"\d[ ()-]+\d|\d\.\d+\.", run) is not None) and _said(_MEANT, text, start, end)


def _said(words: re.Pattern[str], text: str, start: int, end: int) -> bool:
    before = text[max(0, start - _BEFORE) : start].rpartition("\n\n")[2]
    return bool(words.search(before) or words.search(text[end : end + _AFTER].partition("\n")[0]))
