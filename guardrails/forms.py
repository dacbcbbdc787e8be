"""The written forms of identifiers: a pattern for RE2, the checksum, and the words that stand beside them.

Patterns are read on folded text (`guardrails/unicode.py`), so they know ASCII digits, blanks and dashes only.
"""

from dataclasses import dataclass
from typing import Final

from guardrails import forms_checks as checks
from guardrails.forms_checks import Check

WEAK, FAIR, LIKELY, GOOD, SURE = 0.1, 0.5, 0.65, 0.75, 0.95
"""Scores: a form that alone proves nothing; one seldom used for anything else; beside its word; both; its sum fits."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write one kind; a score of zero means that it is not reported."""

    kind: str
    pattern: str
    words: str = ""
    """Beginnings of words, as a regular expression."""
    check: Check | None = None
    alone: float = 0.0
    sure: float = SURE


_S: Final = "[ .-]{0,2}"
_CH: Final = "A[GIR]|B[ELS]|FR|G[ELR]|JU|LU|N[EWL]|OW|S[GHOZ]|T[GI]|UR|V[DS]|Z[GH]"
_PLATES: Final = (
    r"kennzeichen|kfz|nummernschild|kontrollschild|autonummer|immatricul|plaque|(?:number|license|licence) ?plate|plate"
    r"|registration (?:no|num|mark|plate)|reg\b|targa|fahrzeug|auto\b|wagen|véhicule|voiture|vehicle"
    r"|car\b|parking|parkplatz|parkkarte"
)
_PASSPORTS: Final = (
    r"pass\b|pass-?(?:nr|nummer|port)|reisepass|passe?port|passaporto|personalausweis|ausweis(?:nummer|nr|-nr)?\b"
    r"|identitätskarte|carte d.identité|carta d.identità|identity card|id card|document (?:no|number)|dokumentennummer"
)
_VAT_WORDS: Final = (
    r"vat|ust|umsatzsteuer|mwst|mehrwertsteuer|tva|iva\b|btw|moms|uid|partita|p\.? ?iva|numéro de tva|tax (?:id|no|num)"
)

_VATS: Final = (
    rf"\bAT ?U(?:{_S}\d){{8}}\b",
    rf"\bNL{_S}\d(?:{_S}\d){{8}}{_S}B{_S}\d{_S}\d\b",
    rf"\b(?:F[Rr]|ES|CY|IE|GB|XI){_S}[A-Z0-9]{_S}[A-Z0-9](?:{_S}\d){{5,9}}(?:{_S}[A-Z]){{0,2}}\b",
    rf"\b(?:B[EG]|CZ|D[EK]|E[EL]|FI|GR|GB|H[RU]|IT|L[TUV]|MT|P[LT]|RO|S[EIK]){_S}\d(?:{_S}\d){{7,11}}\b",
)

AHV_WORDS: Final = r"ahv|avs|oasi|sozialversicherung|versicherten|versichertennummer|assuré|numéro d.assur|social sec"
CARD_WORDS: Final = (
    r"card|credit|debit|visa|master ?card|amex|american express|diners|maestro|kreditkarte|karte|carte|carta\b|cc\b"
)
IBAN_WORDS: Final = r"iban|bank|konto|compte|conto|account|virement|überweis|lohn|bonifico|rib\b"
IP_WORDS: Final = r"ips?\b|ip[ -]?(?:v4|v6|addr|adress)|address|adresse|host|server|dns|gateway|router|ping|subnet|netz"

SHORT_CARD: Final = Form("CREDIT_CARD", rf"\b\d{{4}}{_S}\d{{4}}{_S}\d{{4}}(?:{_S}\d)?\b", CARD_WORDS, checks.card, WEAK)
IDENTIFIERS: Final = (
    Form(
        "CREDIT_CARD", rf"\b\d{{4}}{_S}\d{{4}}{_S}\d{{4}}{_S}\d{{4}}(?:{_S}\d{{3}})?\b", CARD_WORDS, checks.card, WEAK
    ),
    Form("CREDIT_CARD", rf"\b\d{{4}}{_S}\d{{6}}{_S}\d{{4,5}}\b", CARD_WORDS, checks.card, WEAK),
    Form("CREDIT_CARD", r"\b\d{12,19}\b", CARD_WORDS, checks.card, WEAK),
    Form("CH_AHV", rf"\b756{_S}\d{{4}}{_S}\d{{4}}{_S}\d{{2}}\b", AHV_WORDS, checks.ean, WEAK),
    Form("CH_AHV", r"\b\d{3}\.\d{2}\.\d{3}\.\d{3}\b", AHV_WORDS),
    Form(
        "CH_UID",
        rf"(?i)\bCHE{_S}\d{{3}}{_S}\d{{3}}{_S}\d{{3}}(?: (?:MWST|TVA|IVA|VAT|HR|RC)\b)?",
        r"uid|ide\b|idi\b|mwst|tva|iva\b|vat|unternehmens|handelsregister|numéro d.entreprise",
        checks.uid,
        WEAK,
    ),
    Form("CH_UID", r"(?:^|[^\w-])(\d{3}\.\d{3}\.\d{3})\b", r"uid|ide\b|mwst|tva|iva\b", checks.uid, sure=LIKELY),
    Form(
        "DE_TAX_ID",
        r"\b[1-9]\d ?\d{3} ?\d{3} ?\d{3}\b",
        r"steuer|idnr|id-nr|tin\b|tax (?:id|no|num)|bzst",
        checks.tax_id,
        sure=LIKELY,
    ),
    Form(
        "DE_TAX_NUMBER",
        r"\b\d{2,3} ?[/ ] ?\d{3,4} ?[/ ] ?\d{4,5}\b|\b\d{10,13}\b",
        r"steuer-?(?:nr|nummer)|steuer nr|st\.?-? ?nr|finanzamt|tax n(?:o|um)|stnr",
    ),
    Form(
        "DE_SOCIAL_SECURITY",
        r"(?i)\b\d{2} ?\d{2} ?\d{2} ?\d{2} ?[A-Z] ?\d{2} ?\d\b",
        r"rente|sozialversicherung|versicherung|rvnr|svnr|sv-n|insurance|social",
        checks.german_insurance,
        WEAK,
    ),
    Form(
        "FR_NIR",
        rf"(?i)\b[1-478]{_S}\d{{2}}{_S}\d{{2}}{_S}(?:\d{{2}}|2[AB]){_S}\d{{3}}{_S}\d{{3}}(?:{_S}\d{{2}})?\b",
        r"nir\b|sécu|secu|sécurité sociale|insee|numéro de s|assuré|social",
        checks.nir,
        WEAK,
    ),
    Form("FR_SIRET", r"\b\d(?: ?\d){13}\b", r"siret", checks.luhn, sure=0.0),
    Form("FR_SIRET", r"\b\d{3} \d{3} \d{3} \d{5}\b", r"siret|siren|rcs\b|entreprise", checks.luhn, sure=LIKELY),
    Form("FR_SIREN", r"\b\d{3} ?\d{3} ?\d{3}\b", r"siren|rcs\b"),
    Form(
        "UK_NINO",
        r"(?i)\b[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b",
        r"nino|n\.?i\.? n|national insurance|insurance",
        checks.nino,
        sure=GOOD,
    ),
    Form("UK_NHS", r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b", r"nhs|national health|patient", checks.nhs, sure=0.0),
    Form("US_SSN", r"\b\d{3}-\d{2}-\d{4}\b|\b\d{3} \d{2} \d{4}\b", r"ssn|social sec|social|tax", checks.ssn, sure=GOOD),
    Form("US_SSN", r"\b\d{3}\.\d{2}\.\d{4}\b|\b\d{9}\b", r"ssn|social sec"),
    Form("US_ITIN", r"\b9\d{2}-\d{2}-\d{4}\b|\b9\d{2} \d{2} \d{4}\b", r"itin|taxpayer|tax id", checks.itin, sure=FAIR),
    Form("US_ITIN", r"\b9\d{8}\b", r"itin|taxpayer"),
    Form(
        "IT_FISCAL_CODE",
        r"(?i)\b[A-Z]{6}[0-9LMNP-V]{2}[A-EHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]\b",
        r"codice fiscale|c\.? ?f\b|fiscal",
        checks.codice_fiscale,
        WEAK,
    ),
    *(Form("EU_VAT", pattern, _VAT_WORDS, checks.vat, WEAK) for pattern in _VATS),
    Form(
        "PASSPORT",
        r"(?i)\b(?:[A-Z]{1,2} ?\d{6,8}|\d{2}[A-Z]{2}\d{5}|[C-Z][C-Z0-9]{7}\d|[A-Z]{2}\d{4}[A-Z]{2}|\d{8,9})\b",
        _PASSPORTS,
    ),
    Form("LICENSE_PLATE", rf"\b(?:{_CH})[ -]\d{{6}}\b", _PLATES, alone=FAIR),
    Form("LICENSE_PLATE", rf"(?i)\b(?:{_CH})[ -]?\d{{3,6}}\b", _PLATES),
    Form("LICENSE_PLATE", r"\b[A-ZÄÖÜ]{1,3}-[A-Z]{1,2} \d{3,4}[EH]?\b", _PLATES, alone=FAIR),
    Form("LICENSE_PLATE", r"\b[A-ZÄÖÜ]{1,3}[ -][A-Z]{1,2}[ -]?\d{1,4}[EH]?\b", _PLATES),
    Form("LICENSE_PLATE", r"\b[A-HJ-NP-TV-Z]{2}-\d{3}-[A-HJ-NP-TV-Z]{2}\b", _PLATES, alone=FAIR),
    Form(
        "LICENSE_PLATE",
        r"\b(?:[A-Z]{2}[ -]?\d{3}[ -]?[A-Z]{2}|[A-Z]{2}\d{2} ?[A-Z]{3}|[A-Z]{1,2}-\d{1,5} ?[A-Z]{1,3})\b",
        _PLATES,
    ),
)

_LETTER: Final = r"[\pL\pN_.+%&'~-]"
_DOMAIN: Final = r"(?:[\pL\pN](?:[\pL\pN-]{0,61}[\pL\pN])?"
_AT: Final = r"\s?[(\[{<]\s?(?:at|ät|@|arobase|chez|klammeraffe|chiocciola)\s?[)\]}>]\s?"
_DOT: Final = r"\s?[(\[{<]\s?(?:dot|punkt|point|punto|\.)\s?[)\]}>]\s?"
_KNOWN: Final = "com|org|net|edu|gov|io|ch|de|fr|at|it|li|uk|eu|info|us"
EMAILS: Final = (
    rf"(?:{_LETTER}{{1,64}}|\"[^\"\n]{{1,64}}\") ?@ ?{_DOMAIN}(?:\.| \. ))+(?:xn--[a-z0-9-]{{2,59}}|\pL{{2,24}})",
    rf"(?i)[\pL\pN]{_LETTER}{{0,63}}(?:{_AT}|@){_DOMAIN}(?:\.|{_DOT}))+\pL{{2,24}}",
    rf"(?i)\b[\pL\pN]{_LETTER}{{0,63}} (?:at|ät|arobase) {_DOMAIN} (?:dot|punkt|point) )+(?:{_KNOWN})\b",
)

_MONTH: Final = (
    r"(?:jan|feb|mar|mär|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez|janv|févr|mars|avr|juin|juil|août|déc|gen|mag"
    r"|giu|lug|ago|set|ott|dic)\pL*\.?"
)
_DATE: Final = (
    rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}} ?[./-] ?\d{{1,2}} ?[./-] ?(?:\d{{4}}|\d{{2}})"
    rf"|\d{{1,2}}(?:\.|er|st|nd|rd|th)? ?(?:of )?{_MONTH},? \d{{4}}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})"
)
_BORN: Final = (
    r"(?:born|geboren|geb|geburtsdatum|geburtstag|geburts-?datum|née?|date of birth|birth ?date|birthday|d\.?o\.?b"
    r"|date de naissance|naissance|anniversaire|nat[oa]|data di nascita|compleanno|jahrgang)"
)
BIRTHS: Final = (
    rf"(?i)(?:^|[^\pL]){_BORN}[^\pL\d?!;][^\d?!;]{{0,30}}({_DATE})\b",
    rf"(?i)\b({_DATE}) (?:geboren|born|née?|nato|nata)(?:[^\pL]|$)",
)
