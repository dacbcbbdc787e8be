"""Who asks for a time gets what is of that time first; what says nothing of its time is never hidden."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.dates import Time
from rag.passages import Passage

TODAY = date(2026, 3, 10)


def passage(title: str = "Travel", text: str = "", dated: str = "") -> Passage:
    return Passage("a#0", "a", title, "", text, date=dated)


@pytest.mark.parametrize(
    ("question", "years", "now"),
    [
        ("What does the 2025 travel policy say?", {2025}, False),
        ("Bonus for 2024/25", {2024, 2025}, False),
        ("How many days did we close last year?", {2025}, False),
        ("Welche Feiertage gelten nächstes Jahr?", {2027}, False),
        ("Umsatz im vorletzten Jahr", {2024}, False),
        ("Le budget de l'année dernière", {2025}, False),
        ("Combien de jours fériés cette année ?", {2026}, False),
        ("the current expense policy", set(), True),
        ("Which is the latest version?", set(), True),
        ("Wie lautet das aktuelle Spesenreglement?", set(), True),
        ("Was ist die neuste Fassung?", set(), True),
        ("Quel est le règlement en vigueur ?", set(), True),
        ("le tarif actuel", set(), True),
        ("How do I book a hotel?", set(), False),
        ("Hotels up to 12,025 or 2'000 francs", set(), False),
        ("Comment réserver un hôtel ?", set(), False),
    ],
)
def test_a_question_tells_what_time_it_is_about(question: str, years: set[int], now: bool) -> None:
    assert Time.of(question, TODAY) == Time(TODAY, frozenset(years), now)


def test_a_year_asked_for_lifts_what_is_of_that_year() -> None:
    asked = Time.of("travel policy 2025", TODAY)
    of_it = [passage(dated="2025-06-01"), passage(title="Travel 2025")]
    named, other, undated = passage(text="From 2025 on."), passage(dated="2024-06-01"), passage()
    assert {asked.lifted(0.5, one) for one in of_it} == {asked.lifted(0.5, of_it[0])}
    assert asked.lifted(0.5, of_it[0]) > asked.lifted(0.5, named) > 0.5
    assert asked.lifted(0.5, other) == asked.lifted(0.5, undated) == 0.5


def test_what_holds_now_is_the_newest_that_has_begun() -> None:
    asked = Time.of("the current travel policy", TODAY)
    newest, older, oldest = (asked.lifted(0.5, passage(dated=day)) for day in ("2026-01-01", "2025-01-01", "2019"))
    assert newest > older > oldest > 0.5
    assert asked.lifted(0.5, passage(dated="2027-01-01")) == asked.lifted(0.5, passage(dated="spring")) == 0.5
    assert asked.lifted(0.5, passage(title="Travel 2026")) > asked.lifted(0.5, passage(title="Travel 2024"))


def test_without_a_time_nothing_moves() -> None:
    assert Time.of("How do I book a hotel?", TODAY).lifted(0.5, passage(dated="2026-03-01")) == 0.5


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["", "2026-01-01", "1999"]))
def test_time_alone_makes_nothing_relevant(low: float, high: float, dated: str) -> None:
    asked, low, high = Time.of("the current policy", TODAY), *sorted((low, high))
    assert 0 <= low <= asked.lifted(low, passage(dated=dated)) <= 1
    assert asked.lifted(low, passage(dated=dated)) <= asked.lifted(high, passage(dated=dated)) + 1e-12
    assert asked.lifted(0, passage(dated=dated)) == 0
