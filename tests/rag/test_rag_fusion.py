"""Each half of the search is heard as far as it can see."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.background import Background
from rag.embedder import HashEmbedder
from rag.ranking import WORDS_COUNT, evidence
from rag.words import language, plain, query_stems, stems
from tests.rag.shelf import PUBLIC, Shelf

shares = st.floats(0, 1)


@given(shares, shares, shares)
def test_more_evidence_never_counts_less(one: float, other: float, fixed: float) -> None:
    low, high = sorted((one, other))
    assert evidence(low, fixed) <= evidence(high, fixed)
    assert evidence(fixed, low) <= evidence(fixed, high)
    assert 0 <= evidence(one, other) <= 1


def test_blind_words_leave_the_order_to_meaning() -> None:
    assert evidence(0.5, 0.02) > evidence(0.4, 0.1)


def test_an_exact_name_outdoes_what_merely_lies_near() -> None:
    assert evidence(0.1, 0.9) > evidence(0.4, 0.1)


def test_words_alone_never_make_certain() -> None:
    assert evidence(0, 1) == pytest.approx(WORDS_COUNT)


def test_the_share_tells_a_known_name_from_an_unknown_tongue(shelf: Shelf) -> None:
    for number in range(20):
        shelf.put(f"{number}.md", f"# Rule {number}\nForm HR_{number}07 is for rule {number}.")
    shelf.sync()
    index, audiences = shelf.library.current().index, shelf.library.audiences(PUBLIC)
    assert next(iter(index.said("form HR_1707", audiences, 5).values())) > 0.4
    assert max(index.said("formulaire pour la règle 3", audiences, 5).values()) < 0.2
    assert index.said("Zeppelin Überflug", audiences, 5) == {}


def test_words_meet_in_their_stems() -> None:
    for question, said, tongue in [
        ("Ferientage", "der Ferientag", "german"),
        ("PROCEDURES", "la procédure", "french"),
        ("Strasse", "Straßen", "german"),
        ("http proxy", "HTTP_PROXY=x", "english"),
    ]:
        assert all(group & set(stems(said, tongue)) for group in query_stems(question))


def test_languages_are_told_by_their_little_words() -> None:
    assert language("Wer hat die Reise bezahlt und ist sie genehmigt?") == "german"
    assert language("Qui a payé le voyage pour vous et avec quoi ?") == "french"
    assert language("Who has paid for the trip?") == "english"
    assert language("404", otherwise="german") == "german"


def test_link_targets_do_not_count_as_words() -> None:
    assert plain('see [the form](https://intranet/forms?id=7 "a form") and ![](x.png)') == "see the form and "


def test_nearness_is_what_goes_beyond_the_usual() -> None:
    embedder = HashEmbedder()
    background = Background.of(embedder)
    question = embedder.queries(["reimbursement of hotel bills"])[0]
    same, other = background.nearness(
        question, embedder.passages(["reimbursement of hotel bills", "der Hund schläft oft"])
    )
    assert same == pytest.approx(1, abs=1e-5)
    assert other < 0.1
    assert np.isfinite(background.nearness(np.zeros_like(question), embedder.passages(["a", ""]))).all()
