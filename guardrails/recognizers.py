"""Presidio's recognisers, sharpened for a company in Switzerland and its neighbours, and our own beside them."""

import ipaddress
import re
from collections.abc import Iterator

from phonenumbers import Leniency, PhoneNumberMatcher
from presidio_analyzer import (
    AnalysisExplanation,
    EntityRecognizer,
    PatternRecognizer,
    RecognizerResult,
)
from presidio_analyzer.nlp_engine import NlpArtifacts
from presidio_analyzer.predefined_recognizers import (
    CreditCardRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
    PhoneRecognizer,
    SpacyRecognizer,
    UsSsnRecognizer,
)
from tldextract import TLDExtract

from guardrails import forms
from guardrails.masking import Span
from guardrails.names import NameFinder


def recognizers(language: str, names: NameFinder) -> list[EntityRecognizer]:
    """Everything that looks at texts of one language; the context words are those of all, since people mix them."""
    return [
        SpacyRecognizer(language, supported_entities=["ORGANIZATION", "LOCATION", "DATE_TIME", "NRP"]),
        Names(names, language),
        Email(supported_language=language),
        Phone(forms.PHONE_WORDS, language, supported_regions=forms.PHONE_REGIONS),
        Iban(context=forms.IBAN_WORDS, supported_language=language),
        Card(patterns=forms.CARDS, supported_language=language),
        Ip(supported_language=language),
        MacAddressRecognizer(supported_language=language),
        UsSsnRecognizer(supported_language=language),
        Ahv("CH_AHV", supported_language=language, patterns=forms.AHV, context=forms.AHV_WORDS),
        Uid("CH_UID", supported_language=language, patterns=forms.UID, context=forms.UID_WORDS),
        PatternRecognizer("DATE_OF_BIRTH", supported_language=language, patterns=forms.BIRTH),
        PatternRecognizer("SECRET", supported_language=language, patterns=forms.TOKENS, global_regex_flags=re.ASCII),
    ]


class Names(EntityRecognizer):
    """Names of people: what the model takes for one, judged by `NameFinder`."""

    def __init__(self, finder: NameFinder, language: str) -> None:
        super().__init__(supported_entities=["PERSON"], supported_language=language)
        self._finder = finder

    def load(self) -> None:
        """Needs nothing of its own."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002
        nlp_artifacts: NlpArtifacts,
    ) -> list[RecognizerResult]:
        """Names in `text`, scored by the evidence for them."""
        guesses = [Span(e.start_char, e.end_char, e.label_) for e in nlp_artifacts.entities if e.label_ == "PERSON"]
        return [_result(self, span) for span in self._finder.find(text, self.supported_language, guesses)]


class Email(EmailRecognizer):
    """E-mail addresses; never fetches the list of public suffixes, and takes names of inner networks too."""

    _suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool | None:
        """Sure with a public suffix, plausible with any other word at the end (`anna@mail.intern`)."""
        domain = pattern_text.rpartition("@")[2]
        if self._suffixes(domain).suffix:
            return True
        return None if re.fullmatch(r"[^\W\d_]{2,}", domain.rpartition(".")[2]) else False


class Phone(PhoneRecognizer):
    """Phone numbers: valid ones by the way they are written, merely possible ones beside a word that says so."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002
    ) -> list[RecognizerResult]:
        """Phone numbers in `text`."""
        return [_result(self, span) for span in self._numbers(text)]

    def _numbers(self, text: str) -> Iterator[Span]:
        maybe = [match.span() for match in forms.MAYBE_PHONE.finditer(text)]
        for start, end in maybe:
            yield Span(start, end, "PHONE_NUMBER", forms.FAIR if text[start] == "+" else forms.WEAK)
        for match in forms.GROUPED_PHONE.finditer(text):
            yield Span(match.start(), match.end(), "PHONE_NUMBER", forms.FAIR)
        for region in self.supported_regions if maybe else ():
            for valid in PhoneNumberMatcher(text, region, leniency=Leniency.VALID):
                yield Span(valid.start, valid.end, "PHONE_NUMBER", forms.phone_score(text, valid.start, valid.end))


class Iban(IbanRecognizer):
    """IBANs of the length their country gives them; wrong check digits need a word beside them."""

    def analyze(
        self,
        text: str,
        entities: list[str],  # noqa: ARG002
        nlp_artifacts: NlpArtifacts | None = None,  # noqa: ARG002
        regex_flags: int | None = None,  # noqa: ARG002
    ) -> list[RecognizerResult]:
        """IBANs in `text`, grouped by blanks, hyphens or not at all."""
        return [_result(self, span) for span in _ibans(text)]


class Card(CreditCardRecognizer):
    """Numbers that a card brand gives out and whose last digit fits."""

    def validate_result(self, pattern_text: str) -> bool:
        """Checks the brand's digits and length, then Luhn."""
        digits = re.sub(r"\D", "", pattern_text)
        return forms.CARD_BRANDS.fullmatch(digits) is not None and super().validate_result(digits)


class Ip(IpRecognizer):
    """Addresses of machines other than the one that is meant by `localhost`."""

    def invalidate_result(self, pattern_text: str) -> bool:
        """Refuses what is no address, names no particular machine, or is as short as a slice in code (`::2`)."""
        try:
            address = ipaddress.ip_interface(pattern_text).ip
        except ValueError:
            return True
        return (
            address.is_loopback or address.is_unspecified or (pattern_text.startswith("::") and len(pattern_text) < 7)
        )


class Ahv(PatternRecognizer):
    """Swiss social security numbers; a wrong check digit needs a word beside it."""

    def validate_result(self, pattern_text: str) -> bool | None:
        """True where the check digit fits, undecided otherwise."""
        return forms.ahv_checks(re.sub(r"\D", "", pattern_text)) or None


class Uid(PatternRecognizer):
    """Swiss company numbers; a wrong check digit needs a word beside it."""

    def validate_result(self, pattern_text: str) -> bool | None:
        """True where the check digit fits, undecided otherwise."""
        return forms.uid_checks(re.sub(r"\D", "", pattern_text)) or None


def _ibans(text: str) -> Iterator[Span]:
    for start in forms.IBAN_START.finditer(text):
        length = forms.IBAN_LENGTHS.get(start[1].upper())
        if length and (match := forms.iban_form(length).match(text, start.start())):
            checks = forms.iban_checks(re.sub(r"\W", "", match[0]).upper())
            yield Span(match.start(), match.end(), "IBAN_CODE", 1.0 if checks else forms.WEAK)


def _result(recognizer: EntityRecognizer, span: Span) -> RecognizerResult:
    explanation = AnalysisExplanation(type(recognizer).__name__, span.score)
    return RecognizerResult(span.type, span.start, span.end, span.score, explanation)
