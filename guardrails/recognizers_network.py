"""Addresses of machines: IPv4, IPv6 and network cards."""

import ipaddress
import re
from collections.abc import Iterator
from typing import Final

from presidio_analyzer.predefined_recognizers import MacAddressRecognizer

from guardrails.forms import SURE, WEAK
from guardrails.masking import Span
from guardrails.recognizer import Recognizer

_VERSION: Final = re.compile(
    r"(?<![a-z])(?:version|release|firmware|build|update|kernel|schema|standard|chapter|section|kapitel|abschnitt|chapitre|ver|rev"
    r"|package|driver|v)[\w .:=_-]{0,3}$|[~@^]$|[a-z][-_]$",
    re.IGNORECASE,
)
_PREFIX6: Final = re.compile(r"(?:fe80|ff0[0-9a-f]|f[cd][0-9a-f]{2}|[23][0-9a-f]{3}|64):", re.IGNORECASE)
_HEX_BEFORE: Final = re.compile(r"[0-9A-Fa-f][:-]$")
_HEX_AFTER: Final = re.compile(r"[:-][0-9A-Fa-f]{2}\b")


class Ip(Recognizer):
    """Addresses of machines other than the one that is meant by `localhost`, and masks; never versions."""

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Sure, but for small numbers, which count sections more often than machines."""
        value = text[start:end]
        if not _is_own(value) or _VERSION.search(text[max(0, start - 24) : start]) or _goes_on(text, start, end):
            return
        is_small = re.fullmatch(r"\d\.\d\.\d\.\d", value) and len(set(value)) > 2 and text[end : end + 1] != ":"
        yield Span(start, end, self.form.kind, WEAK if is_small and not self.has_word(text, start, end) else SURE)


class Ip6(Recognizer):
    """IPv6 addresses."""

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Those that are longer than what `::` joins in code."""
        if re.search(r"[\w:.]$", text[max(0, start - 1) : start]) or re.match(r"[\w:]", text[end : end + 1]):
            return
        value = text[start:end]
        groups = [group for group in re.split(r"[:.%/]", value) if group]
        if _is_own(value) and (
            len(groups) > 3
            or _PREFIX6.match(value)
            or (len(groups) > 2 and re.search(r"\d", value))
            or value == "::1"
            or value.startswith("::/")
        ):
            yield Span(start, end, self.form.kind, SURE)


class Mac(Recognizer):
    """Addresses of network cards; not a part of a longer fingerprint."""

    _presidio = MacAddressRecognizer()

    def judge(self, text: str, start: int, end: int) -> Iterator[Span]:
        """Judged as Presidio does."""
        value = text[start:end]
        is_part = _HEX_BEFORE.search(text[max(0, start - 2) : start]) or _HEX_AFTER.match(text[end : end + 4])
        is_number = value[4] == "." and value.replace(".", "").isdigit()
        if not (is_part or is_number or self._presidio.invalidate_result(value)):
            yield Span(start, end, self.form.kind, SURE)


def _is_own(value: str) -> bool:
    try:
        address = ipaddress.ip_interface(value.partition("%")[0] if "/" not in value else value).ip
    except ValueError:
        return False
    return not ((address.is_unspecified and "/" not in value) or str(address).startswith("255.255."))


def _goes_on(text: str, start: int, end: int) -> bool:
    return bool(re.search(r"[\w.]$", text[max(0, start - 1) : start]) or re.match(r"\w|\.\d|-\d", text[end : end + 2]))
