"""The guard, real model and all: what it hides, what it leaves alone, and that it fails rather than lets pass."""

import asyncio
import json
import logging
import socket
from typing import Any

import pytest

from guardrails.languages import language_of
from guardrails.masking import Span, Vault, restore
from guardrails.pii import Guard, GuardFailed, VaultFull
from guardrails.policy import STANDARD, Action, Policy, Rule
from tests.public_data import public_data

HIDDEN = [
    ("Write to ann.meier@firma.ch or a.b@mail.intern", ["EMAIL_ADDRESS", "EMAIL_ADDRESS"]),
    ("Ruf mich an: +41 44 123 45 67 oder 079 123 45 67 079 123 45 68", ["PHONE_NUMBER"] * 3),
    ("Notez mon numéro : 06 12 34 56 78", ["PHONE_NUMBER"]),
    ("Konto CH93 0076 2011 6238 5295 7 danke, oder ch9300762011623852957", ["IBAN_CODE", "IBAN_CODE"]),
    ("AT61 1904 3002 3457 3201 danke", ["IBAN_CODE"]),
    ("My card 4111 1111 1111 1111 12/27", ["CREDIT_CARD"]),
    ("Server 10.1.2.3 and fe80::1ff:fe23:4567:890a, 00:1A:2B:3C:4D:5E", ["IP_ADDRESS", "IP_ADDRESS", "MAC_ADDRESS"]),
    ("My SSN is 536-90-4399.", ["US_SSN"]),
    ("756.9217.0769.85 gehört mir", ["CH_AHV"]),
    ("Meine AHV-Nummer: 756.9217.0769.84", ["CH_AHV"]),
    ("Rechnung an CHE-105.838.471 MWST", ["CH_UID"]),
    ("Sie ist am 3. April 1990 geboren, er (né le 12 mars 1985) auch", ["DATE_OF_BIRTH", "DATE_OF_BIRTH"]),
    ("Hat Frau Keller Anspruch auf Elternzeit?", ["PERSON"]),
    ("Wann hat Anna Keller Geburtstag? Keller fragt.", ["PERSON", "PERSON"]),
    ("M. Dupont et Mme de la Tour demandent un congé.", ["PERSON", "PERSON"]),
    ("Hallo Xhevdet,\nwann?\nViele Grüsse\nBeat Moser", ["PERSON", "PERSON"]),
    ("My name is Xhevdet Krasniqi and I need a badge.", ["PERSON"]),
    ("key ghp_abcdefghijklmnopqrstuvwxyz0123456789 AKIAIOSFODNN7EXAMPLE", ["SECRET", "SECRET"]),
    ("Ich wohne an der Bahnhofstrasse 12, 8001 Zürich, wer hilft?", ["STREET_ADDRESS"]),
    ("I moved to 14 Elm Street, Bristol BS1 4DJ last week", ["STREET_ADDRESS"]),
    ("J'habite au 5 rue de la Paix, 75002 Paris", ["STREET_ADDRESS"]),
    ("ist anna keller am montag da?", ["PERSON"]),
    ("what did peter fischer say about leave?", ["PERSON"]),
    ("est-ce que marie dubois travaille lundi ?", ["PERSON"]),
    ("Steuer-ID 86095742719 bitte", ["DE_TAX_ID"]),
    ("Sozialversicherungsnummer 12 150850 M 00 9", ["DE_SOCIAL_SECURITY"]),
    ("Numéro de sécurité sociale 1 85 05 78 006 084 36", ["FR_NIR"]),
    ("SIRET 732 829 320 00074", ["FR_SIRET"]),
    ("Codice fiscale RSSMRA85T10A562S", ["IT_FISCAL_CODE"]),
    ("NHS number 943 476 5919", ["UK_NHS"]),
    ("NINO AB 12 34 56 C", ["UK_NINO"]),
    ("ITIN 912-70-1234", ["US_ITIN"]),
    ("VAT number DE136695976", ["EU_VAT"]),
    ("Passport no. C01X00T47 is lost", ["PASSPORT"]),
    ("Kennzeichen ZH 123456 steht falsch", ["LICENSE_PLATE"]),
]
CLEAR = [
    "",
    " \n",
    "Wie viele Ferientage habe ich im ersten Jahr?",
    "Welche Spesen darf ich bei einer Reise nach Paris abrechnen, und wer bewilligt sie?",
    "Combien de jours de congé ai-je la première année ?",
    "How do I reset my password for the VPN on Kubernetes?",
    "Merge PR 4512 before Monday, then deploy version 2.14.0 to localhost:8080.",
    "756.9217.0769.84 ist eine Artikelnummer, 2024-05-12 ein Datum und 12.03.2024 auch.",
    "x = a[::2]; matrix = A @ B.T; std::vector<int> v;",
    "081111 041443 19498 INFO dfs.DataNode: block 5704899712662113150",
    "wir fahren im mai nach bern",
    "does the grant cover trains, and where is the bill for august?",
    "Was steht im Kapitel 12, Seite 8001, über die Strasse?",
    "Is the passport needed, and which street is closed on Level 5?",
]


@pytest.mark.parametrize(("text", "kinds"), HIDDEN, ids=[kinds[0] + str(i) for i, (_, kinds) in enumerate(HIDDEN)])
async def test_personal_data_is_hidden_and_comes_back(guard: Guard, text: str, kinds: list[str]) -> None:
    vault = Vault()
    masked = await guard.mask(text, vault)
    assert [span.type for span in masked.spans] == kinds
    assert not [span for span in masked.spans if text[span.start : span.end] in masked.text]
    assert restore(masked.text, vault) == text
    assert guard.find(text) == list(masked.spans)


@pytest.mark.parametrize("text", CLEAR)
async def test_ordinary_questions_keep_every_word(guard: Guard, text: str) -> None:
    assert (await guard.mask(text, Vault())).text == text


async def test_an_address_ends_where_the_sentence_does(guard: Guard) -> None:
    assert (await guard.mask("write to ann.meier@firm.example. How much?", Vault())).text == (
        "write to <EMAIL_ADDRESS_1>. How much?"
    )


async def test_a_question_and_its_passages_speak_of_the_same_person(guard: Guard) -> None:
    vault = Vault()
    question = await guard.mask("When does Anna Keller start?", vault)
    assert question.text == "When does <PERSON_1> start?"
    assert vault.hide_known("Anna Keller starts on 1 May.") == "<PERSON_1> starts on 1 May."
    assert (await guard.mask("and mail anna keller or Anna Keller", vault)).text.endswith("<PERSON_1>")


async def test_secrets_block_a_message_whatever_its_length(guard: Guard) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEow" * 1500 + "\n-----END RSA PRIVATE KEY-----"
    masked = await guard.mask(f"Why is this refused?\n{key}\nThanks", Vault())
    assert masked.blocked == ("SECRET",)
    assert masked.text == "Why is this refused?\n<SECRET_1>\nThanks"
    assert (await guard.mask("Thanks", Vault())).blocked == ()


async def test_values_at_every_place_of_a_long_text_are_found(guard: Guard) -> None:
    line = "The trains from Basel leave every hour, and nobody minds. "
    text = "".join(f"{line}Write to person{n}@firma.ch or +41 44 123 45 {n:02}. " for n in range(90))
    masked = await guard.mask(text, Vault())
    assert len(text) > 8000
    assert [span.type for span in masked.spans] == ["EMAIL_ADDRESS", "PHONE_NUMBER"] * 90
    assert "firma.ch" not in masked.text


def test_everything_that_was_detected_can_be_seen(guard: Guard) -> None:
    text = "Anna Keller flew to Paris with Swissair on Monday, ref 756.9217.0769.84."
    kinds = {span.type for span in guard.find(text, everything=True)}
    assert {"PERSON", "CH_AHV"} <= kinds
    assert [span.type for span in guard.find(text)] == ["PERSON"]


async def test_spans_are_code_points(guard: Guard) -> None:
    masked = await guard.mask("😀\ud800 é ann@firma.ch", Vault())
    assert [(span.start, span.end) for span in masked.spans] == [(5, 17)]


async def test_the_policy_is_a_table() -> None:
    policy = Policy({"EMAIL_ADDRESS": Rule(Action.ALLOW), "PERSON": Rule(Action.BLOCK, least=0.8)})
    spans = [Span(0, 1, "EMAIL_ADDRESS"), Span(0, 1, "PERSON", 0.9), Span(0, 1, "PERSON", 0.7), Span(0, 1, "NEW")]
    assert [policy.concerns(span) for span in spans] == [False, True, False, True]
    assert policy.blocked(spans) == ("PERSON",)
    assert STANDARD.blocked([Span(0, 1, "SECRET")]) == ("SECRET",)


@pytest.mark.parametrize(
    ("text", "language"),
    [("Wer hilft mir?", "de"), ("Who can help?", "en"), ("Qui peut m'aider ?", "fr"), ("VPN", "en"), ("", "en")],
)
def test_languages_are_told_apart_and_unknown_ones_do_no_harm(text: str, language: str) -> None:
    assert language_of(text, ("en", "it", "de", "fr")) == language


async def test_a_guard_that_is_not_loaded_lets_nothing_pass() -> None:
    with pytest.raises(GuardFailed, match="not loaded"):
        await Guard().mask("ann@firma.ch", Vault())


async def test_a_guard_that_does_not_finish_lets_nothing_pass(guard: Guard) -> None:
    hurried = Guard(deadline=0.001)
    hurried._analyser = guard._analyser
    with pytest.raises(GuardFailed, match="in time"):
        await hurried.mask("ann@firma.ch " * 2000, Vault())
    hurried.close()


async def test_a_guard_that_breaks_lets_nothing_pass_and_quotes_nothing(guard: Guard) -> None:
    broken = Guard()
    broken._analyser = guard._analyser
    broken.close()
    with pytest.raises(GuardFailed) as caught:
        await broken.mask("ann@firma.ch", Vault())
    assert "ann@" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(VaultFull):
        await guard.mask("ann@firma.ch and bob@firma.ch", Vault(limit=1))


async def test_a_long_text_does_not_keep_a_short_one_waiting(guard: Guard) -> None:
    long = asyncio.create_task(guard.mask("The trains leave Basel every hour. " * 900, Vault()))
    short = await guard.mask("ann@firma.ch", Vault())
    assert short.text == "<EMAIL_ADDRESS_1>"
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long


async def test_nothing_is_fetched_and_nothing_logged(
    guard: Guard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the guard opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with caplog.at_level(logging.DEBUG):
        await guard.mask("Call Anna Keller, anna@never-seen-before.museum, CH93 0076 2011 6238 5295 7", Vault())
    assert not [record for record in caplog.records if "Keller" in record.getMessage() or "CH93" in record.getMessage()]


RECALL = {
    "EMAIL_ADDRESS": 1.0,
    "IBAN_CODE": 1.0,
    "IP_ADDRESS": 1.0,
    "CREDIT_CARD": 0.95,
    "PHONE_NUMBER": 0.7,
    "PERSON": 0.4,
}


def test_recall_on_texts_of_others(guard: Guard) -> None:
    found: dict[str, list[bool]] = {}
    for row in rows("pii-presidio-research/synth_dataset_v2.jsonl")[::3]:
        spans = guard.find(row["text"])
        for true in row["spans"]:
            covered = sum(_overlap(span, true) for span in spans if span.type == true["type"])
            found.setdefault(true["type"], []).append(covered >= 0.6 * (true["end"] - true["start"]))
    recall = {kind: sum(found[kind]) / len(found[kind]) for kind in RECALL}
    assert all(recall[kind] >= least for kind, least in RECALL.items()), recall


@pytest.mark.parametrize(
    ("file", "field", "most"),
    [
        ("neg-loghub-logs/HDFS.jsonl", "text", 0.01),
        ("neg-loghub-logs/Spark.jsonl", "text", 0.01),
        ("code-humaneval/HumanEval_20.jsonl", "prompt", 0.0),
        ("kb-msteams-docs-de/corpus.jsonl", "title", 0.05),
    ],
)
def test_false_alarms_on_texts_of_others(guard: Guard, file: str, field: str, most: float) -> None:
    clean = [row[field] for row in rows(file) if not row.get("has_ip_or_email")][:150]
    alarms = [text for text in clean if guard.find(text)]
    assert len(alarms) <= most * len(clean)


def test_swiss_and_foreign_numbers(guard: Guard) -> None:
    kinds = {"iban": "IBAN_CODE", "ch.uid": "CH_UID", "ch.vat": "CH_UID", "ch.ssn": "CH_AHV"}
    numbers = [row for row in rows("pii-number-registries/stdnum_numbers.jsonl") if row["kind"] in kinds]
    told = [any(s.type == kinds[row["kind"]] for s in guard.find(f"See {row['number']} there")) for row in numbers]
    wrong = [row["number"] for row, hit in zip(numbers, told, strict=True) if hit != row["valid"]]
    assert len(numbers) > 100
    assert wrong == []


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in public_data(name).read_text().splitlines()]


def _overlap(span: Span, true: dict[str, Any]) -> int:
    return max(0, min(span.end, int(true["end"])) - max(span.start, int(true["start"])))
