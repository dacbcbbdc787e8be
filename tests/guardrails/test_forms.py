"""What has a form: every kind found with its checksum or beside its words, look-alikes left alone, at little cost."""

import base64
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.engine import Forms, joined
from guardrails.masking import Span

CERTAIN = 0.4
FOUND = [
    ("EMAIL_ADDRESS", "Write to [ann.meier@firma.ch] now"),
    ("EMAIL_ADDRESS", "internal [a.b@mail.intern]"),
    ("EMAIL_ADDRESS", "oder [müller@bücher.ch]"),
    ("EMAIL_ADDRESS", "ask [anna (at) example (dot) com] or so"),
    ("EMAIL_ADDRESS", "ask [anna[at]example.com]"),
    ("EMAIL_ADDRESS", "ask [anna AT example DOT com]"),
    ("EMAIL_ADDRESS", "https://x.ch/?m=[anna%40example.com]&x"),
    ("EMAIL_ADDRESS", "<b>[anna&#64;example.com]</b>"),
    ("EMAIL_ADDRESS", "[аnnа.meier@exаmple.com] looks Latin"),
    ("PHONE_NUMBER", "Ruf [079 123 45 67] an"),
    ("PHONE_NUMBER", "[+41 (0)44 123 45 67]"),
    ("PHONE_NUMBER", "Nummer [0049 89 1234-567]"),
    ("PHONE_NUMBER", "or [0041791234567]"),
    ("PHONE_NUMBER", "le [06.12.34.56.78] svp"),
    ("PHONE_NUMBER", "or [020 7946 0958]"),
    ("PHONE_NUMBER", "or [(415) 556-2766 x12]"),
    ("PHONE_NUMBER", "They're not answering at [781 5991]"),
    ("PHONE_NUMBER", "Phone:\n[25-62-29-72]\n\nE-mail:"),
    ("PHONE_NUMBER", "Tel. [+41\u200944\u2009123\u200945\u200967]"),
    ("PHONE_NUMBER", "Telefon [079 123\n45 67] danke"),
    ("IBAN_CODE", "Please check [CH93 0076 2011 6238 5295 7] today"),
    ("IBAN_CODE", "oder [ch9300762011623852957]."),
    ("IBAN_CODE", "[ＣＨ９３　００７６　２０１１　６２３８　５２９５　７]"),
    ("IBAN_CODE", "konto [СН93 0076 2011\n6238 5295 7] ok"),
    ("IBAN_CODE", "my IBAN is [CH93 0076 2011 6238 5295 8]"),
    ("CREDIT_CARD", "[4111 1111 1111 1111] 12/27"),
    ("CREDIT_CARD", "[4111–1111–1111–1111]"),
    ("CREDIT_CARD", "[4111\u00ad1111\u00ad1111\u00ad1111]"),
    ("CREDIT_CARD", "[٤١١١ ١١١١ ١١١١ ١١١١]"),
    ("CREDIT_CARD", "Amex [3714 496353 98431]"),
    ("CREDIT_CARD", "my card [4111 1111 1111 1112]"),
    ("IP_ADDRESS", "Server [10.1.2.3]:8080 is down"),
    ("IP_ADDRESS", "net [10.1.2.0/24]"),
    ("IP_ADDRESS", "[fe80::1ff:fe23:4567:890a] answers"),
    ("IP_ADDRESS", "so [2001:db8::1] answers"),
    ("MAC_ADDRESS", "card [00:1A:2B:3C:4D:5E]"),
    ("CH_AHV", "[756.9217.0769.85] gehört mir"),
    ("CH_AHV", "und [7569217076985] auch"),
    ("CH_AHV", "Meine AHV-Nummer: [756.9217.0769.84]"),
    ("CH_AHV", "alte AHV-Nr. [123.45.678.113]"),
    ("CH_UID", "Rechnung an [CHE-105.838.471 MWST]"),
    ("EU_VAT", "from [DE136695976] today"),
    ("EU_VAT", "USt-IdNr. [DE 136 695 977]"),
    ("DE_TAX_ID", "Herr X, [36 574 261 809]"),
    ("DE_TAX_NUMBER", "Steuernummer [123/456/78901]"),
    ("DE_SOCIAL_SECURITY", "Nr. [15070649C103]"),
    ("FR_NIR", "voir [2 95 10 99 126 111 93]"),
    ("FR_SIRET", "SIRET [732 829 320 00074]"),
    ("FR_SIREN", "SIREN [732 829 320]"),
    ("UK_NINO", "see [AB 12 34 56 C]"),
    ("UK_NHS", "NHS number [943 476 5919]"),
    ("US_SSN", "My number, [536-90-4399]."),
    ("US_ITIN", "ITIN [912-70-1234]"),
    ("IT_FISCAL_CODE", "sono [MRSMSR81D60Z611H]"),
    ("PASSPORT", "Passport number [X1234567]"),
    ("PASSPORT", "Reisepass [C01X00T47]"),
    ("PASSPORT", "mon passeport est le [12AB34567]"),
    ("LICENSE_PLATE", "parkt [ZH 123456] hier"),
    ("LICENSE_PLATE", "mit [M-AB 1234]"),
    ("LICENSE_PLATE", "voiture [AB-123-CD]"),
    ("DATE_OF_BIRTH", "Sie ist am [3. April 1990] geboren"),
    ("DATE_OF_BIRTH", "né le [12 mars 1985]"),
    ("DATE_OF_BIRTH", "DOB: [12/03/1985]"),
    ("EMPLOYEE_NUMBER", "ich bin [HG-00123]"),
]
CLEAR = [
    "756.9217.0769.84 ist eine Artikelnummer, 2024-05-12 ein Datum und 12.03.2024 auch.",
    "CHE-105.838.472, CH93 0076 2011 6238 5295 8 and 4111 1111 1111 1112",
    "Merge PR 4512 before Monday, then deploy version 1.2.3.4 to localhost:8080.",
    "see 123-45-6789 in the list, and EIN 07-1144442",
    "x = a[::2]; matrix = A @ B.T; std::vector<int> v; Face::Add(b)",
    "081111 041443 19498 INFO dfs.DataNode: block 5704899712662113150",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709, id 123e4567-e89b-12d3-a456-426614174000",
    "ISBN 978-3-16-148410-0, EAN 4006381333931, CHF 1'299.00, 10:30-11:45, 2020-2024",
    "clone git@github.com:org/repo.git; ratio 0.123456789; 1700000000000 ms",
    "Die Zahlen 12 500 000 und 3.141592653 stehen in Kapitel 1.2.3.4.",
]


@pytest.fixture(scope="module")
def forms() -> Forms:
    return Forms(employee_number=r"HG-(\d{5})")


def certain(forms: Forms, text: str) -> list[Span]:
    return [span for span in forms.spans(text) if span.score >= CERTAIN]


@pytest.mark.parametrize(("kind", "marked"), FOUND, ids=[f"{kind}{n}" for n, (kind, _) in enumerate(FOUND)])
def test_every_kind_is_found_where_it_stands(forms: Forms, kind: str, marked: str) -> None:
    before, _, rest = marked.partition("[")
    value, _, after = rest.rpartition("]")
    text = before + value + after
    assert (kind, value) in [(span.type, text[span.start : span.end]) for span in certain(forms, text)]


@pytest.mark.parametrize("text", CLEAR)
def test_look_alikes_are_left_alone(forms: Forms, text: str) -> None:
    assert [(span.type, text[span.start : span.end]) for span in certain(forms, text)] == []


@pytest.mark.parametrize("value", ["anna.meier@example.com", "IBAN CH93 0076 2011 6238 5295 7", "4111111111111111"])
def test_what_is_hidden_in_base64_is_hidden_with_its_word(forms: Forms, value: str) -> None:
    word = base64.b64encode(value.encode()).decode()
    text = f"see {word} there"
    assert [text[span.start : span.end] for span in certain(forms, text)] == [word]


def test_a_text_without_a_candidate_costs_one_pass(forms: Forms) -> None:
    before = forms.passes
    assert forms.spans("Wie viele Ferientage habe ich im ersten Jahr, und wer bewilligt sie?") == []
    assert forms.passes == before + 1


@pytest.mark.parametrize("pattern", ["(?<=x)y", "(", r"(a)\1", "a)|(b"])
def test_patterns_of_employee_numbers_are_for_re2(pattern: str) -> None:
    with pytest.raises(ValueError, match="EMPLOYEE_NUMBER is not valid for RE2"):
        Forms(pattern)


def test_a_number_inside_a_longer_one_is_not_told_apart(forms: Forms) -> None:
    text = "DE89 3704 0044 0532 0130 00 and anna.keller@079-123-45-67.ch"
    assert [span.type for span in certain(forms, text)] == ["IBAN_CODE", "EMAIL_ADDRESS"]


@given(st.text(st.sampled_from("0123456789 .-/+()@:abCHE756\n\u200b４о"), max_size=80))
def test_spans_lie_in_the_text(text: str) -> None:
    spans = SHARED.spans(text)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize(
    "part",
    [
        *("1", "12 ", "a@", "eyJa.", "password is ", "+41", "ab:", "1\n", "A1b2", "a://b:c", "1.2.3.", "ZH 12 "),
        "4111 1111 1111 1112 ",
    ],
)
def test_long_texts_take_time_in_proportion(forms: Forms, part: str) -> None:
    before = time.process_time()
    forms.spans(part * (200_000 // len(part)))
    assert time.process_time() - before < 4


def test_names_inside_forms_give_way_and_others_stay() -> None:
    form, inside, across = Span(0, 20, "EMAIL_ADDRESS", 0.95), Span(0, 11, "PERSON"), Span(15, 30, "STREET_ADDRESS")
    assert joined([form], [inside, across], 40) == [form, across]
    assert joined([Span(0, 20, "CH_AHV", 0.1)], [inside], 40)[1:] == [inside]


def test_wrong_twins_of_valid_numbers_are_left_alone(forms: Forms) -> None:
    rng = random.Random(7)
    twins = ["CH93 0076 2011 6238 5295 7", "4111 1111 1111 1111", "756.9217.0769.85", "CHE-105.838.471"]
    hits = 0
    for _ in range(200):
        value = rng.choice(twins)
        at = rng.choice([i for i, char in enumerate(value) if char.isdigit() and i > 3])
        twin = value[:at] + str((int(value[at]) + rng.randint(1, 9)) % 10) + value[at + 1 :]
        hits += bool(certain(forms, f"Please check {twin} today"))
    assert hits <= 10


SHARED = Forms()
