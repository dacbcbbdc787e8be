"""Presidio's recognisers as we need them, one for each way to write a kind."""

import re
from collections.abc import Iterator
from typing import Final

from tldextract import TLDExtract

from guardrails import forms_checks as checks
from guardrails import forms_phone, secrets
from guardrails.forms import (
    BIRTHS,
    EMAILS,
    FAIR,
    GOOD,
    IBAN_WORDS,
    IDENTIFIERS,
    IP_WORDS,
    LIKELY,
    SHORT_CARD,
    SURE,
    WEAK,
    Form,
)
from guardrails.masking import Span
from guardrails.recognizer import Recognizer, bare
from guardrails.recognizers_network import Ip, Ip6, Mac

# Lengths by country, from the registry of ISO 13616 and, at the end, from countries that use the form without it.
IBAN_LENGTHS: Final = {
    entry[:2]: int(entry[2:])
    for entry in (
        "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29"
        " ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20"
        " LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29"
        " PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20"
        " YE30 AO25 BF28 BJ28 CF27 CG27 CI28 CM27 CV25 DZ26 GA27 GQ27 GW25 IR26 KM27 MA28 MG27 ML28 MZ25 NE28 SN28 TD27"
        " TG28"
    ).split()
}


def recognizers(employee_number: str = "") -> list["Recognizer"]:
    """Everything that has a form; `employee_number` is the pattern of the company's own, ValueError if not for RE2."""
    return [
        *(Recognizer(form) for form in IDENTIFIERS),
        ShortCard(SHORT_CARD),
        *(Email(Form("EMAIL_ADDRESS", pattern)) for pattern in EMAILS),
        Phone(Form("PHONE_NUMBER", forms_phone.RUN)),
        Iban(Form("IBAN_CODE", r"(?i)\b[A-Z]{2}[ .-]{0,2}\d[ .-]{0,2}\d(?:[ .-]{0,2}[A-Z0-9]){11}", IBAN_WORDS)),
        Ip(Form("IP_ADDRESS", r"\d{1,3}(?:\.\d{1,3}){3}(?:/\d{1,2}\b)?", IP_WORDS)),
        Ip6(
            Form("IP_ADDRESS", r"[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?:%\w+)?(?:/\d{1,3}\b)?")
        ),
        Mac(Form("MAC_ADDRESS", r"(?i)\b[0-9A-F]{2}(?:(?::[0-9A-F]{2}){5}|(?:-[0-9A-F]{2}){5})\b")),
        Mac(Form("MAC_ADDRESS", r"(?i)\b[0-9A-F]{4}\.[0-9A-F]{4}\.[0-9A-F]{4}\b")),
        *(Recognizer(Form("DATE_OF_BIRTH", pattern, alone=GOOD)) for pattern in BIRTHS),
        *(Secret(Form("SECRET", pattern)) for pattern in secrets.PATTERNS),
        *(employees(employee_number) if employee_number else ()),
    ]


def employees(pattern: str) -> Iterator[Recognizer]:
    """Takes the pattern as it is first, so that it cannot reach out of the group that is put around it."""
    Recognizer(Form("EMPLOYEE_NUMBER", pattern))
    yield Recognizer(Form("EMPLOYEE_NUMBER", f"({pattern})", alone=SURE))


class Email(Recognizer):
    """E-mail addresses, also spelled out; never fetches the list of public suffixes, and takes inner networks too."""

    _suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Sure with a public suffix, plausible with any other word at the end (`anna@mail.intern`)."""
        value = text[start:end]
        lead = len(value) - len(value.lstrip(".-%&'~"))
        domain = re.split(r"[@\])}>]| (?:at|ät|arobase) ", value, maxsplit=1, flags=re.IGNORECASE)[-1]
        domain = _SPELLED_DOT.sub(".", domain)
        domain = re.sub(r"[^\w.-]", "", domain)
        is_public = bool(self._suffixes(domain).suffix)
        if value.lower().startswith("git@") or (not is_public and " " in value) or domain.endswith(_MACHINES):
            return
        yield Span(start + lead, end, self.form.kind, SURE if is_public else FAIR)


class Phone(Recognizer):
    """Phone numbers: those that are valid, are grouped as some country does, or stand beside a word that says so."""

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """The numbers in a run of digits."""
        return forms_phone.phones(text, start, end)


class ShortCard(Recognizer):
    """Card numbers of twelve or thirteen digits in groups, which other numbers begin or end with."""

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Judged as others, where no digits stand before or behind."""
        if not (
            re.search(r"\d[ .-]{1,2}$", text[max(0, start - 3) : start])
            or re.match(r"[ .-]{1,2}\d", text[end : end + 3])
        ):
            yield from super().judge(text, start, end)


class Iban(Recognizer):
    """IBANs of the length their country gives them."""

    def spans(self, text: str) -> Iterator[Span]:
        """Those that fit, and those with wrong check digits beside a word or with little weight."""
        for match in _IBAN_START.finditer(text):
            length = IBAN_LENGTHS.get(match[1].upper())
            end = _end_of(text, match.start(), length) if length else 0
            if end:
                yield from self.judge(text, match.start(), end)

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Not those in small letters and hyphens, as in identifiers of machines, nor a word before a number."""
        value = text[start:end]
        if value[:2].islower() and "-" in value:
            return
        if checks.iban(bare(value)):
            yield Span(start, end, self.form.kind, SURE)
        elif value[2:4].isdigit():
            yield Span(start, end, self.form.kind, LIKELY if self.has_word(text, start, end) else WEAK)


class Secret(Recognizer):
    """Keys, tokens and passwords."""

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Those that are meant to be secret."""
        return secrets.judged(self.form.pattern, text, start, end)


_SPELLED_DOT: Final = re.compile(r"\W+(?:dot|punkt|point|punto)\W+", re.IGNORECASE)
_MACHINES: Final = ("thread.skype", "thread.tacv2", "thread.v2", "gbl.spaces")
"""Where Teams' conversations have their ids."""
_IBAN_START: Final = re.compile(r"(?<![^\W_])([A-Z]{2})[ .-]{0,2}\d[ .-]{0,2}\d", re.IGNORECASE | re.ASCII)
_SEPARATORS: Final = " .-"


def _end_of(text: str, start: int, length: int) -> int:
    """Where `length` letters and digits end, grouped in any way; 0 where there are fewer or more."""
    at, seen, gap = start, 0, 0
    while at < len(text) and seen < length and gap <= 2:
        char = text[at]
        if char.isascii() and char.isalnum():
            seen, gap = seen + 1, 0
        elif char in _SEPARATORS:
            gap += 1
        else:
            return 0
        at += 1
    return at if seen == length and not text[at : at + 1].isalnum() else 0
