"""The names model: its files, what it finds, what it leaves alone, and that it reads long and odd texts."""

import time
from pathlib import Path

import pytest

from guardrails.name_model import FOLDER, NameModel, may_name
from guardrails.published import files_altered

FOUND = [
    ("Ask Priya Raghunathan about it.", "Priya Raghunathan", "PERSON"),
    ("hat xhevdet krasniqi schon unterschrieben?", "xhevdet krasniqi", "PERSON"),
    ("Le dossier d'Aïcha Benali est incomplet.", "Aïcha Benali", "PERSON"),
    ("Mme de la Tour demande un congé.", "de la Tour", "PERSON"),
    ("Wir treffen uns an der Bahnhofstrasse 12 in Aarau.", "Bahnhofstrasse 12", "STREET_ADDRESS"),
    ("J'habite au 14 rue des Lilas.", "14 rue des Lilas", "STREET_ADDRESS"),
    ("Deliver it to 221B Baker Street, please.", "221B Baker Street", "STREET_ADDRESS"),
]
NOTHING = [
    "how many days of holiday do i have",
    "Wie viele Ferientage habe ich im ersten Jahr?",
    "Combien de jours de congé ai-je la première année ?",
    "ERROR 2024-05-12 Connection refused after 300 ms",
    "def handler(request): return request.json()",
    "The S3 bucket in EKS is not reachable from Kubernetes.",
]


@pytest.fixture(scope="module")
def model() -> NameModel:
    return NameModel()


def test_the_files_are_those_that_were_published_and_small() -> None:
    assert files_altered() == []
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 60 * 2**20


@pytest.mark.parametrize(("text", "value", "kind"), FOUND)
def test_names_and_addresses_are_found(model: NameModel, text: str, value: str, kind: str) -> None:
    start = text.index(value)
    covered = {at for span in model.spans(text) if span.type == kind for at in range(span.start, span.end)}
    assert covered >= {at for at in range(start, start + len(value)) if text[at].isalnum()}


@pytest.mark.parametrize("text", NOTHING)
def test_other_texts_are_left_alone(model: NameModel, text: str) -> None:
    assert [span for span in model.spans(text) if span.type in ("PERSON", "STREET_ADDRESS")] == []


def test_a_name_is_found_wherever_it_stands_again(model: NameModel) -> None:
    text = "Anna Zurbriggen starts in May. The badge is ready, says Zurbriggen."
    assert [text[span.start : span.end] for span in model.spans(text)].count("Zurbriggen") == 1


def test_ordinary_words_alone_never_reach_the_model() -> None:
    assert not may_name("how do i reset my password")
    assert may_name("how do i reset wojciech")
    assert may_name("Will asked") and not may_name("will you ask")


def test_odd_and_long_texts_are_read(model: NameModel, tmp_path: Path) -> None:
    for text in ("", "\n\n", "\u200b", "日本語のテキスト", "🙂" * 400, "x" * 5000, "A" * 1000 + " Keller"):
        assert all(0 <= span.start < span.end <= len(text) for span in model.spans(text))
    begun = time.process_time()
    model.spans("Der Bericht liegt vor. " * 4000)
    assert time.process_time() - begun < 5
