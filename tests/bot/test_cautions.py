"""What is said about sources: that they contradict one another, are old, or give no answer but an owner."""

import pytest

from bot.answers import Answer
from bot.cautions import cautions
from bot.conflicts import conflict
from bot.events import Message
from bot.language import Language
from bot.prompt import Prompt
from bot.refusal import refusal
from bot.screen import dated, source_of
from guardrails.masking import Span, Vault, hide
from rag.passages import Passage


def passage(name: str, text: str, date: str = "", owner: str = "") -> Passage:
    return Passage(f"{name}#1", f"{name.lower()}.md", name, "", text, owner, date)


OLD = passage("Handbook", "Every employee has 25 days of holiday a year.", "2019-03-01")
NEW = passage("Leave", "Every employee has 28 days of holiday a year.", "2026-03-01")


def warned(text: str, *passages: Passage, language: Language = "en") -> str:
    answer = Answer(text, "t", dated([source_of(1, passages[0])], 365), language=language)
    return "\n".join(cautions(answer, Prompt("How many days of holiday?", passages, language), Vault(), frozenset()))


@pytest.mark.parametrize(
    ("language", "said"), [("en", "do not agree"), ("de", "nicht einig"), ("fr", "se contredisent")]
)
def test_documents_that_give_different_figures_are_named_with_their_dates(language: Language, said: str) -> None:
    told = warned("You have 28 days. [1]", NEW, OLD, language=language)
    assert said in told
    assert "Leave (2026-03-01)" in told and "28 days" in told
    assert "Handbook (2019-03-01)" in told and "25 days" in told


@pytest.mark.parametrize(
    "other",
    [
        "Every employee has 28 days of holiday a year.",  # the same
        "Every employee in Geneva has 30 days of holiday a year.",  # of another place
        "Every employee has 3 weeks of notice to give.",  # of something else
        "A hotel may cost EUR 180 a night.",
        "Every employee may carry over 5 days of holiday to the next year.",  # of another thing about it
    ],
)
def test_what_does_not_speak_of_the_same_is_no_contradiction(other: str) -> None:
    assert conflict("You have 28 days.", "How many days of holiday?", (NEW, passage("Other", other))) is None


def test_money_is_compared_however_it_is_written() -> None:
    one = passage("A", "A hotel room may cost up to EUR 180.00 a night.")
    same = passage("B", "A hotel room may cost up to 180 € a night.")
    more = passage("C", "A hotel room may cost up to € 220 a night.")
    assert conflict("EUR 180", "What may a hotel cost?", (one, same)) is None
    found = conflict("EUR 180", "What may a hotel cost?", (same, more, one))
    assert found and found.said == ("180 €", "€ 220")


def test_one_document_does_not_contradict_itself() -> None:
    twice = Passage("x#2", NEW.doc_id, NEW.title, "", "Every employee has 25 days of holiday a year.")
    assert conflict("28 days", "How many days of holiday?", (NEW, twice)) is None


def test_an_answer_from_old_documents_alone_says_so() -> None:
    assert "2019-03-01" in warned("You have 25 days. [1]", OLD)
    assert not warned("You have 28 days. [1]", NEW)


def test_a_refusal_names_what_was_looked_at_and_who_looks_after_it() -> None:
    asked = Prompt("Who waters the plants on Fridays?", (passage("Office", "Plants stand in it.", owner="Ann"),))
    assert refusal(asked, Vault()).endswith("I looked at: Office. Ann, who looks after “Office”, may know.")
    assert refusal(Prompt("Who waters them?", ()), Vault()).count(".") == 1


def test_an_owner_who_was_hidden_is_named_to_the_person_and_no_link_comes_with_it() -> None:
    vault = Vault()
    owner = hide("Ann Meier", [Span(0, 9, "PERSON")], vault) + " https://evil.example/x"
    told = refusal(Prompt("Who waters the plants?", (passage("Office", "Plants.", owner=owner),)), vault)
    assert "Ann Meier" in told and "evil" not in told


def test_a_question_of_one_word_is_asked_back() -> None:
    asked = Prompt("Hotel?", (passage("Travel", "A hotel may cost EUR 180."),))
    assert "What exactly" in refusal(asked, Vault())
    talk = Prompt("Hotel?", asked.passages, history=(Message("user", "What may I spend in Paris?"),))
    assert "What exactly" not in refusal(talk, Vault())
