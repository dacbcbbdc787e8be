"""What the guard is measured on: the public sets in one form, and numbers made by rule where they hold few."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import click

from guardrails.masking import Span

_PLACE = {"data": Path(__file__).parents[2] / "../shared/data"}
OWN: Final = Path(__file__).parents[2] / "tests" / "guardrails" / "sets"

FRAMES: Final = (
    "Please check {} today.",
    "Kannst du {} bitte prüfen?",
    "Pouvez-vous vérifier {} aujourd'hui ?",
    "{}",
    "It says {} in the list.",
)
"""Sentences that say nothing about the number in them."""


@dataclass(frozen=True, slots=True)
class Row:
    """A text with what ought to be found in it; the kinds are the set's own."""

    text: str
    spans: tuple[Span, ...] = ()


def use(folder: Path) -> None:
    """Takes the public sets from a folder."""
    _PLACE["data"] = folder


def root() -> Path:
    """Where the public sets are."""
    return _PLACE["data"]


def rows(path: str) -> list[dict[str, Any]]:
    """The records of a set. Raises ClickException, aloud, where it is missing."""
    file = root() / path
    if not file.exists():
        raise click.ClickException(f"the test data is missing: {file}; set HAUSGEIST_DATA to its folder")
    return [json.loads(line) for line in file.read_text().splitlines()]


def own(name: str) -> list[Row]:
    """A set of ours, labelled by hand. Raises ClickException where the program is installed without its tests."""
    file = OWN / f"{name}.jsonl"
    if not file.exists():
        raise click.ClickException(f"the labelled sentences are missing: {file}; run this in a checkout")
    return [_row(json.loads(line)) for line in file.read_text().splitlines()]


def research() -> list[Row]:
    """English sentences with invented people: names, addresses, phones, cards, and more."""
    files = ("synth_dataset_v2", "generated_large")
    return [_row(row) for file in files for row in rows(f"pii-presidio-research/{file}.jsonl")]


def german() -> list[Row]:
    """German news and encyclopaedia sentences: those our model was not trained on, the first 500."""
    return [_row(row) for row in rows("pii-germeval2014-de/germeval2014_dev.jsonl")[:500]]


def logs() -> list[str]:
    """Lines of logs without an address in them."""
    files = sorted((root() / "neg-loghub-logs").glob("*.jsonl"))
    return [row["text"] for file in files for row in rows(f"neg-loghub-logs/{file.name}") if not row["has_ip_or_email"]]


def code() -> list[str]:
    """Functions with their documentation."""
    return [row["prompt"] + row["canonical_solution"] for row in rows("code-humaneval/HumanEval_20.jsonl")]


def knowledge(most: int = 600) -> list[str]:
    """Sentences of handbooks, English, German and French."""
    found = []
    for folder in ("kb-18f-handbook", "kb-ragflow-docs", "kb-msteams-docs-de", "kb-msteams-docs-fr"):
        lines = [
            line for row in rows(f"{folder}/corpus.jsonl") for line in row["text"].splitlines() if 30 < len(line) < 300
        ]
        found += random.Random(7).sample(lines, min(most, len(lines)))  # noqa: S311
    return found


REGISTRIES: Final = {"iban": "IBAN_CODE", "ch.ssn": "CH_AHV", "ch.uid": "CH_UID", "us.ssn": "US_SSN"}


def numbers() -> list[Row]:
    """Right numbers in sentences that do not say what they are."""
    listed = [(row["kind"], row["number"]) for row in _registry() if row["valid"]]
    listed += [(kind, number) for kind, make in _MADE.items() for number in _several(make, 200)]
    return [
        _framed(frame, number.strip(), REGISTRIES[kind])
        for (kind, number), frame in zip(listed, cycle(FRAMES), strict=False)
        if kind in REGISTRIES
    ]


def lookalikes() -> list[str]:
    """Numbers of the right form that are wrong, in sentences that do not say what they are."""
    listed = [row["number"] for row in _registry() if not row["valid"]]
    listed += [_spoilt(row["number"]) for row in _registry() if row["valid"] and row["kind"] in REGISTRIES]
    listed += [_spoilt(number) for kind, make in _MADE.items() if kind != "us.ssn" for number in _several(make, 100)]
    return [frame.format(number) for number, frame in zip(listed, cycle(FRAMES), strict=False)]


def vectors() -> list[Row]:
    """The literal tests of Presidio's own recognisers for what the sentences above hold too seldom."""
    kinds = {"EMAIL_ADDRESS", "IBAN_CODE", "IP_ADDRESS", "US_SSN", "CREDIT_CARD", "PHONE_NUMBER"}
    found = [_row(row) for row in rows("pii-presidio-recognizer-vectors/vectors.jsonl") if row["entity"] in kinds]
    return [row for row in found if row.spans]


def _registry() -> list[dict[str, Any]]:
    files = ("stdnum_numbers", "schwifty_ibans")
    return [
        row for file in files for row in rows(f"pii-number-registries/{file}.jsonl") if "X" not in row["number"][2:]
    ]


def _row(row: dict[str, Any]) -> Row:
    return Row(row["text"], tuple(Span(span["start"], span["end"], span["type"]) for span in row["spans"]))


def _framed(frame: str, number: str, kind: str) -> Row:
    start = frame.index("{}")
    return Row(frame.format(number), (Span(start, start + len(number), kind),))


def _several(make: Callable[[random.Random], str], count: int) -> Iterator[str]:
    rng = random.Random(7)  # noqa: S311
    return (make(rng) for _ in range(count))


def _ahv(rng: random.Random) -> str:
    digits = "756" + "".join(str(rng.randrange(10)) for _ in range(9))
    check = -sum(int(digit) * (1, 3)[at % 2] for at, digit in enumerate(digits)) % 10
    return f"{digits[:3]}.{digits[3:7]}.{digits[7:11]}.{digits[11]}{check}"


def _ssn(rng: random.Random) -> str:
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{rng.randrange(1, 100):02}-{rng.randrange(1, 10_000):04}"


_MADE: Final = {"ch.ssn": _ahv, "us.ssn": _ssn}


def _spoilt(number: str) -> str:
    """The number with its last digit another: no checksum of the kinds above forgives that."""
    at = max(index for index, char in enumerate(number) if char.isdigit())
    return number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :]
