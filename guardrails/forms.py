"""The written forms of numbers and tokens, their checksums, and the words that stand beside them."""

import re
from functools import cache

from presidio_analyzer import Pattern

WEAK = 0.1
"""The score of a form that alone proves nothing; a word beside it that says what it is lifts it to 0.45."""
FAIR = 0.5
GOOD = 0.75

PHONE_REGIONS = ("CH", "DE", "FR", "AT", "IT", "GB", "US")
PHONE_WORDS = (
    "phone telephone tel mobile cell cellphone call reach fax handy telefon telefonnummer telefonnr mobil mobilnummer"
    " mobiltelefon handynummer rufnummer natel anrufen erreichen erreichbar durchwahl téléphone tél portable appeler"
    " appelez joindre joignable telefono cellulare"
).split()
MAYBE_PHONE = re.compile(r"(?<![\w.,:/=#-])\+?\(?\d(?:[ ()./-]{0,2}\d){5,14}(?![\w])")
# The usual Swiss and French groups, which phonenumbers misses where one number follows another.
GROUPED_PHONE = re.compile(r"(?<![\w.])(?:0\d{2}([ .])\d{3}(?:\1\d{2}){2}|0\d([ .])\d{2}(?:\2\d{2}){3})(?!\w)")
_DATE_LIKE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:\d{4}|\d{2})(?!\d)|\d{4}-\d{2}-\d{2}")
_NATIONAL = re.compile(r"\(?0(?:\D{0,3}\d){8,11}|\(\d{3}\) ?\d{3}[-. ]\d{4}|(?:1[-. ])?\d{3}([-. ])\d{3}\1\d{4}")
_LOG_DATE, _LOG_TIME = re.compile(r"(?<!\d)\d{6} $"), re.compile(r"\d{6} ")

IBAN_START = re.compile(r"(?<![^\W_])([A-Z]{2})[ .-]?\d[ .-]?\d", re.IGNORECASE | re.ASCII)
IBAN_WORDS = "iban bank konto kontonummer bankverbindung compte conto account".split()
# Lengths by country, from the registry of ISO 13616 and, at the end, from countries that use the form without it.
IBAN_LENGTHS = {
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

CARDS = [
    Pattern("16 or 19 digits", r"(?<![\w-])\d{4}([ -]?)\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?(?![\w-])", FAIR),
    Pattern("14 or 15 digits", r"(?<![\w-])\d{4}([ -]?)\d{6}\1\d{4,5}(?![\w-])", FAIR),
    Pattern("in one", r"(?<![\w-])\d{12,19}(?![\w-])", FAIR),
]
CARD_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}(?:\d{2})?|35\d{14}"
    r"|6(?:011|22\d|4[4-9]\d|5\d\d)\d{12}(?:\d{3})?|(?:2131|1800)\d{11}|(?:50|5[6-9]|6\d)\d{10,17}"
)

AHV = [Pattern("AHV", r"(?<![\w.])756([. ]?)\d{4}\1\d{4}\1\d{2}(?!\w)", WEAK)]
AHV_WORDS = "ahv avs oasi sozialversicherungsnummer versichertennummer sozialversicherung assuré".split()
UID = [Pattern("UID", r"\bCHE[- ]?\d{3}([. ]?)\d{3}\1\d{3}(?!\w)", WEAK)]
UID_WORDS = "uid ide mwst tva iva vat unternehmensnummer".split()

_MONTH = (
    r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|janv|févr|mars|avr|juin|juil|août|déc)"
    r"[^\W\d_]*\.?"
)
_DATE = (
    rf"(?:\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}[./-] ?\d{{1,2}}[./-] ?(?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}(?:\.|er|st|nd|rd|th)? ?{_MONTH} \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?!\w)"
)
_BORN = (
    r"(?:\b(?:born|geboren|geb|geburtsdatum|geburtstag|née?|date of birth|birth ?date|birthday|dob"
    r"|date de naissance|anniversaire|nat[oa]|data di nascita)\b\.?[^\d\n.?!;]{0,25})"
)
BIRTH = [
    Pattern("after the word", rf"\b(?=\d|{_MONTH} \d)(?<={_BORN}){_DATE}", GOOD),
    Pattern("before the word", rf"\b(?=\d|{_MONTH} \d){_DATE}(?= (?:geboren|born|né)\b)", GOOD),
]

TOKENS = [
    Pattern("cloud access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b", GOOD),
    Pattern(
        "source forge token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{22,250}|glpat-[\w-]{20,64})\b", GOOD
    ),
    Pattern("chat token", r"\b(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,250}", GOOD),
    Pattern("API key", r"\b(?:sk-[A-Za-z0-9_-]{32,200}|[rs]k_live_[A-Za-z0-9]{16,200}|AIza[\w-]{35})(?![\w-])", GOOD),
]


def phone_score(text: str, start: int, end: int) -> float:
    """How sure a valid phone number is one, from the way it is written and what stands around it."""
    number = text[start:end]
    if number.startswith(("+", "00")):
        return GOOD
    is_time = _LOG_TIME.match(number) and _LOG_DATE.search(text[max(0, start - 8) : start])
    if is_time or _DATE_LIKE.match(number):
        return WEAK
    return FAIR if _NATIONAL.fullmatch(number) else WEAK


@cache
def iban_form(length: int) -> re.Pattern[str]:
    """An IBAN of so many letters and digits, grouped in any way."""
    return re.compile(rf"[A-Z0-9](?:[ .\u00a0\u202f-]?[A-Z0-9]){{{length - 1}}}(?![^\W_])", re.IGNORECASE)


def iban_checks(iban: str) -> bool:
    """Whether the check digits of an IBAN without blanks fit (ISO 7064, mod 97)."""
    number = "".join(str(int(char, 36)) for char in iban[4:] + iban[:4])
    return "02" <= iban[2:4] <= "98" and int(number) % 97 == 1


def ahv_checks(digits: str) -> bool:
    """Whether the last of the 13 digits fits (EAN-13)."""
    return sum(int(digit) * weight for digit, weight in zip(digits, (1, 3) * 6 + (1,), strict=True)) % 10 == 0


def uid_checks(digits: str) -> bool:
    """Whether the last of the nine digits fits (mod 11)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits[:8], (5, 4, 3, 2, 7, 6, 5, 4), strict=True))
    return (11 - total % 11) % 11 == int(digits[8])
