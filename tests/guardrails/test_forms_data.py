"""Forms on the numbers and sentences of others: how much is found, and how much is found that is not there."""

import json
from typing import Any

import pytest

from guardrails.engine import Forms
from guardrails.masking import Span
from tests.public_data import public_data

CERTAIN = 0.4
RECALL = {"EMAIL_ADDRESS": 0.99, "IBAN_CODE": 0.99, "IP_ADDRESS": 0.99, "CREDIT_CARD": 0.99, "PHONE_NUMBER": 0.95}
REGISTRY = {"iban": "IBAN_CODE", "ch.ssn": "CH_AHV", "ch.uid": "CH_UID", "ch.vat": "CH_UID", "us.ssn": "US_SSN"}
VECTORS = {
    "credit_card": "CREDIT_CARD",
    "email": "EMAIL_ADDRESS",
    "iban": "IBAN_CODE",
    "mac": "MAC_ADDRESS",
    "de_tax_id": "DE_TAX_ID",
    "de_social_security": "DE_SOCIAL_SECURITY",
    "it_fiscal_code": "IT_FISCAL_CODE",
    "us_ssn": "US_SSN",
}


@pytest.fixture(scope="module")
def forms() -> Forms:
    return Forms()


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in public_data(name).read_text().splitlines()]


def certain(forms: Forms, text: str) -> list[Span]:
    return [span for span in forms.spans(text) if span.score >= CERTAIN]


def _overlap(span: Span, true: dict[str, Any]) -> int:
    return max(0, min(span.end, int(true["end"])) - max(span.start, int(true["start"])))


@pytest.mark.parametrize("name", ["synth_dataset_v2", "generated_large"])
def test_recall_on_sentences_of_others(forms: Forms, name: str) -> None:
    found: dict[str, list[bool]] = {kind: [] for kind in RECALL}
    for row in rows(f"pii-presidio-research/{name}.jsonl"):
        spans = certain(forms, row["text"])
        for true in row["spans"]:
            if true["type"] in RECALL:
                covered = sum(_overlap(span, true) for span in spans if span.type == true["type"])
                found[true["type"]].append(covered >= 0.6 * (true["end"] - true["start"]))
    recall = {kind: sum(hits) / len(hits) for kind, hits in found.items()}
    assert all(recall[kind] >= least for kind, least in RECALL.items()), recall


@pytest.mark.parametrize("file", ["stdnum_numbers", "schwifty_ibans"])
@pytest.mark.parametrize("sentence", ["Please check %s today", "see %s in the list"])
def test_numbers_alone_are_known_by_their_checksums(forms: Forms, file: str, sentence: str) -> None:
    missed, taken, wrong = [], [], 0
    for row in rows(f"pii-number-registries/{file}.jsonl"):
        kinds = [span.type for span in certain(forms, sentence % row["number"])]
        if row["valid"] and row["kind"] in REGISTRY and REGISTRY[row["kind"]] not in kinds:
            missed.append(row["number"])
        if not row["valid"]:
            wrong += 1
            taken += [row["number"]] if kinds else []
    assert missed in ([], ["100.155.212"])  # a UID without its letters is any number
    assert len(taken) <= 0.05 * wrong, taken


def test_the_vectors_of_presidios_own_tests(forms: Forms) -> None:
    for row in rows("pii-presidio-recognizer-vectors/vectors.jsonl"):
        if kind := VECTORS.get(row["recognizer"]):
            found = [span for span in certain(forms, row["text"]) if span.type == kind]
            assert bool(found) == bool(row["expected_len"]), row["text"]


@pytest.mark.parametrize("system", ["Apache", "HDFS", "Linux", "Spark", "Windows"])
def test_clean_logs_stay_clean(forms: Forms, system: str) -> None:
    clean = [row["text"] for row in rows(f"neg-loghub-logs/{system}.jsonl") if not row["has_ip_or_email"]]
    assert len([text for text in clean if certain(forms, text)]) <= 0.02 * len(clean)


def test_code_and_questions_stay_as_they_are(forms: Forms) -> None:
    code = [row["prompt"] for row in rows("code-humaneval/HumanEval_20.jsonl")]
    questions = [row["text"] for row in rows("qa-xquad-multilingual/questions.de.jsonl")]
    assert [text for text in [*code, *questions] if certain(forms, text)] == []
