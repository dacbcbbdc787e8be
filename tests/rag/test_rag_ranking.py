"""The order of hits: a document that answers in several places, the same text once, the newest where it matters."""

from datetime import date

import numpy as np
import pytest

from rag.dates import Time
from rag.passages import Hit, Passage
from rag.ranking import SUPPORT, Candidates, ranked
from rag.retriever import Retriever
from tests.rag.shelf import PUBLIC, Shelf

TODAY = date(2026, 3, 10)
NO_TIME = Time(TODAY)


def candidate(name: str, document: int, score: float, text: str = "", dated: str = "") -> tuple[Passage, int, float]:
    passage = Passage(name, f"{document}.md", "Title", "", text or f"Text of {name}.", date=dated)
    return passage, document, score


def hits(*found: tuple[Passage, int, float], per_document: bool = False) -> list[Hit]:
    passages, documents, scores = zip(*found, strict=True)
    vectors = np.ones((len(found), 1), np.float32)
    return ranked(Candidates(documents, vectors, scores, passages.__getitem__), NO_TIME, 5, per_document=per_document)


def order(*found: tuple[Passage, int, float], per_document: bool = False) -> list[str]:
    return [hit.passage.chunk_id for hit in hits(*found, per_document=per_document)]


def test_a_document_that_answers_twice_goes_before_one_that_mentions_it_once() -> None:
    lone, first, second = candidate("a", 1, 0.52), candidate("b", 2, 0.5), candidate("c", 2, 0.49)
    assert order(lone, first, second, per_document=True) == ["b", "a"]
    assert order(lone, candidate("b", 2, 0.5), candidate("c", 2, 0.1), per_document=True) == ["a", "b"]


def test_support_takes_nothing_away() -> None:
    found = hits(candidate("a", 1, 0.4), candidate("b", 1, 0.01), candidate("c", 2, 1.0), candidate("d", 2, 1.0))
    assert {hit.passage.chunk_id: hit.score for hit in found} == pytest.approx(
        {"c": 1.0, "d": 1.0, "a": 0.4, "b": 0.01 + SUPPORT * (0.4 - 0.007)}
    )


def test_the_same_text_comes_once_and_the_newest_stands_for_it() -> None:
    text = "Report a lost badge at reception within 5 minutes, and write down where it was lost."
    old, new = candidate("old", 1, 0.6, text, "2024-01-01"), candidate("new", 2, 0.5, text.upper(), "2025-01-01")
    assert order(old, new, candidate("other", 3, 0.4)) == ["new", "other"]
    assert hits(old, new)[0].score == pytest.approx(0.6)


def test_another_number_is_another_text() -> None:
    text = "Report a lost badge at reception within {} minutes, and write down where it was lost."
    assert len(order(candidate("a", 1, 0.6, text.format(5)), candidate("b", 2, 0.5, text.format(15)))) == 2


async def test_current_and_a_year_choose_among_versions(shelf: Shelf) -> None:
    for year, amount in ((2023, 150), (2024, 165), (2025, 180)):
        text = f"Hotels are reimbursed up to {amount} francs a night, breakfast included."
        shelf.put(f"{year}.md", f"---\ndate: {year}-01-01\n---\n# Travel rules\n{text}")
    shelf.put("undated.md", "# Travel\nTrains are booked in second class.")
    shelf.sync()
    retriever = Retriever(shelf.library, today=lambda: TODAY)

    async def best(question: str) -> str:
        return (await retriever.search(question, PUBLIC, k=1))[0].passage.doc_id

    assert await best("How much is reimbursed for hotels according to the current travel rules?") == "2025.md"
    assert await best("Travel rules 2024: hotels, francs a night") == "2024.md"
    assert await best("How much were hotels reimbursed a night in the year before last?") == "2024.md"
    assert await best("In which class do I currently book trains?") == "undated.md"
