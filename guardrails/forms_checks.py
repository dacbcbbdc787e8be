"""Checksums of identifiers; each takes letters and digits alone, in upper case, and says whether they can be one."""

import re
from collections.abc import Callable
from typing import Final

from presidio_analyzer.predefined_recognizers import (
    DeSocialSecurityRecognizer,
    DeTaxIdRecognizer,
    ItFiscalCodeRecognizer,
    NhsRecognizer,
    UsSsnRecognizer,
)

Check = Callable[[str], bool]

CARD_BRANDS: Final = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]|2[2-7])\d{14}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}(?:\d{2})?|35\d{14}"
    r"|6(?:011|22\d|4[4-9]\d|5\d\d)\d{12}(?:\d{3})?|(?:2131|1800)\d{11}|(?:50|5[6-9]|6\d)\d{10,17}"
)
_NO_NINO: Final = ("BG", "GB", "KN", "NK", "NT", "TN", "ZZ")
_LAST_MONTH: Final = 42
"""Months above twelve stand for births abroad or unknown."""
_VAT_PREFIX: Final = 2


def luhn(digits: str) -> bool:
    """Whether the last digit fits by Luhn."""
    doubled = (2 * int(digit) for digit in digits[-2::-2])
    return (sum(int(digit) for digit in digits[::-2]) + sum(n // 10 + n % 10 for n in doubled)) % 10 == 0


def iban(value: str) -> bool:
    """Whether the check digits fit (ISO 7064, mod 97)."""
    number = "".join(str(int(char, 36)) for char in value[4:] + value[:4])
    return "02" <= value[2:4] <= "98" and int(number) % 97 == 1


def card(digits: str) -> bool:
    """Whether a brand gives the number out, its last digit fits, and it is neither one digit only nor an article's."""
    is_article = len(digits) in (12, 13) and ean(digits)
    return CARD_BRANDS.fullmatch(digits) is not None and luhn(digits) and len(set(digits)) > 1 and not is_article


def ean(digits: str) -> bool:
    """Whether the last digit fits as on articles, and in Swiss social security numbers."""
    return weighted(digits[::-1], (1, 3) * 10) % 10 == 0


def uid(value: str) -> bool:
    """Whether the last of a Swiss company's nine digits fits (mod 11)."""
    digits = re.sub(r"\D", "", value)[:9]
    return (11 - weighted(digits, (5, 4, 3, 2, 7, 6, 5, 4)) % 11) % 11 == int(digits[8])


def nir(value: str) -> bool:
    """Whether the key at the end of a French social security number fits, and it has a usual sex and month of birth."""
    number = value[:13].replace("2A", "19").replace("2B", "18")
    if len(value) != 15 or not number.isdigit() or number[0] not in "12" or int(number[3:5]) > _LAST_MONTH:
        return False
    return 97 - int(number) % 97 == int(value[13:])


def nino(value: str) -> bool:
    """Whether the prefix of a British insurance number is one that is given out."""
    return value[:2] not in _NO_NINO


def ssn(digits: str) -> bool:
    """Whether an American social security number can have been given out."""
    return digits[0] != "9" and not UsSsnRecognizer().invalidate_result(digits)


def itin(digits: str) -> bool:
    """Whether the group in the middle is one of those for American taxpayers without social security."""
    return 50 <= int(digits[3:5]) <= 99 and int(digits[3:5]) not in (66, 67, 68, 69, 89, 93)


def tax_id(digits: str) -> bool:
    """Whether a German tax identifier's digits are distributed as they must, and the last one fits."""
    return bool(DeTaxIdRecognizer().validate_result(digits))


def german_insurance(value: str) -> bool:
    """Whether a German pension insurance number holds a birthday, and its last digit fits."""
    return bool(DeSocialSecurityRecognizer().validate_result(value))


def codice_fiscale(value: str) -> bool:
    """Whether the last letter of an Italian fiscal code fits."""
    return bool(ItFiscalCodeRecognizer().validate_result(value))


def nhs(digits: str) -> bool:
    """Whether the last digit of a British health service number fits."""
    return bool(NhsRecognizer().validate_result(digits))


def vat(value: str) -> bool:
    """Whether the check digits of a European VAT number fit; False for countries whose rule we do not know."""
    country, number = value[:_VAT_PREFIX], value[_VAT_PREFIX:]
    if country not in _VAT:
        return False
    shape, fits = _VAT[country]
    return re.fullmatch(shape, number) is not None and fits(number)


def weighted(digits: str, weights: tuple[int, ...]) -> int:
    """The sum of the first digits, each times its weight."""
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def _mod_11_10(digits: str) -> bool:
    rest = 10
    for digit in digits[:-1]:
        rest = ((int(digit) + rest) % 10 or 10) * 2 % 11
    return (11 - rest) % 10 == int(digits[-1])


def _mod_11(weights: tuple[int, ...]) -> Check:
    def fits(digits: str) -> bool:
        return (11 - weighted(digits, weights) % 11) % 11 % 10 == int(digits[-1])

    return fits


def _austrian(number: str) -> bool:
    digits = number[1:]
    total = sum(sum(divmod(int(digit) * weight, 10)) for digit, weight in zip(digits, (1, 2) * 4, strict=True))
    return (96 - total + int(digits[-1]) * 2 // 10 + int(digits[-1]) * 2 % 10) % 10 == int(digits[-1])


def _french(number: str) -> bool:
    siren = number[_VAT_PREFIX:]
    return luhn(siren) and number[:2].isdigit() and (12 + 3 * (int(siren) % 97)) % 97 == int(number[:2])


def _dutch(number: str) -> bool:
    as_number = "".join(str(int(char, 36)) for char in "NL" + number)
    return _mod_11((9, 8, 7, 6, 5, 4, 3, 2))(number[:9]) or int(as_number) % 97 == 1


_VAT: Final[dict[str, tuple[str, Check]]] = {
    "AT": (r"U\d{8}", _austrian),
    "BE": (r"[01]?\d{9}", lambda n: 97 - int(n[:-2]) % 97 == int(n[-2:])),
    "DE": (r"\d{9}", _mod_11_10),
    "DK": (r"\d{8}", lambda n: weighted(n, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0),
    "FI": (r"\d{8}", _mod_11((7, 9, 10, 5, 8, 4, 2))),
    "FR": (r"[A-Z0-9]{2}\d{9}", _french),
    "HR": (r"\d{11}", _mod_11_10),
    "IT": (r"\d{11}", luhn),
    "LU": (r"\d{8}", lambda n: int(n[:6]) % 89 == int(n[6:])),
    "NL": (r"\d{9}B\d\d", _dutch),
    "PL": (r"\d{10}", lambda n: weighted(n, (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(n[-1])),
    "PT": (r"\d{9}", _mod_11((9, 8, 7, 6, 5, 4, 3, 2))),
    "SE": (r"\d{10}01", lambda n: luhn(n[:10])),
}
