"""What the model drafts, and what the person sees of it."""

from collections.abc import AsyncIterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.prompt import Prompt
from bot.screen import NoAnswer, Screened, known_numbers, stands_nowhere, whole_sentences
from guardrails.masking import Span, Vault, hide
from rag.passages import Passage

HOTELS = Passage("t#1", "travel.md", "Travel", "Hotels", "A hotel in Paris may cost EUR 180 a night.", "Ann", "2026")
TRAINS = Passage("t#2", "travel.md", "Travel", "Trains", "Trains are booked in second class.")
LEAVE = Passage("l#1", "leave.md", "Leave", "", "Everybody has 25 days of holiday a year.")


async def drafted(*pieces: str) -> AsyncIterator[str]:
    for piece in pieces:
        yield piece


async def screened(draft: str, vault: Vault | None = None) -> tuple[str, Screened]:
    screen = Screened(Prompt("Paris in 2026?", (HOTELS, TRAINS, LEAVE)), vault or Vault())
    return "".join([sentence async for sentence in screen.sentences(drafted(*draft.split("|")))]), screen


async def test_citations_become_one_number_a_document_in_the_order_of_citing() -> None:
    text, screen = await screened("You have 25 days. [3] A hotel costs EUR 180, trains second class. [1][2]")
    assert text == "You have 25 days. [1] A hotel costs EUR 180, trains second class. [2]"
    assert [source.doc_id for source in screen.sources] == ["leave.md", "travel.md"]


async def test_invented_citations_vanish_and_a_wrong_one_is_mended() -> None:
    text, screen = await screened("A hotel in Paris may cost EUR 180. [3][9]")
    assert text == "A hotel in Paris may cost EUR 180. [1]"
    assert screen.sources[0].doc_id == "travel.md"


async def test_an_answer_without_citation_gets_the_passage_that_holds_it() -> None:
    text, screen = await screened("Everybody has 25 days of holiday.")
    assert text == "Everybody has 25 days of holiday. [1]"
    assert screen.sources[0].doc_id == "leave.md"


@pytest.mark.parametrize(
    "draft",
    ["NO ANSWER", "No answer.", "NO |ANSWER [1]", "I don't know.", "Keine Antwort. [1]", "Je ne sais pas.", " \n"],
)
async def test_a_draft_without_answer_is_declined(draft: str) -> None:
    with pytest.raises(NoAnswer):
        await screened(draft)


async def test_a_no_after_the_answer_is_left_out() -> None:
    text, _ = await screened("You have 25 days. [3]\nNO ANSWER")
    assert "NO ANSWER" not in text


async def test_placeholders_come_back_as_the_persons_own_words() -> None:
    vault = Vault()
    hide("I am Ann Meier", [Span(5, 14, "PERSON")], vault)
    text, screen = await screened("<PERS|ON_1> has 25 days. [3]", vault)
    assert text.startswith("Ann Meier has")
    assert "Ann Meier" not in screen.masked_text


async def test_a_sentence_about_data_nobody_gave_is_left_out() -> None:
    text, _ = await screened("You have 25 days. [3] They were given on <DATE_TIME_7>. [1]")
    assert "<" not in text
    assert text.startswith("You have 25 days. [1]")


@pytest.mark.parametrize("number", ["42 days", "CHF 1'250", "13:45"])
async def test_a_sentence_with_a_number_that_stands_nowhere_is_left_out(number: str) -> None:
    text, _ = await screened(f"You have 25 days. [3] It costs {number}. [1] In 2026 as well. [1]")
    assert number not in text
    assert "2026" in text


async def test_thousands_may_be_set_apart_in_any_way() -> None:
    known = known_numbers("CHF 137'000 by 31 March 2026, EUR 12.50")
    assert not [n for n in ("137 000", "137.000", "137000", "31.03.2026", "12,50", "7") if stands_nowhere(n, known)]
    assert [n for n in ("138000", "32.03.2026", "13.50") if not stands_nowhere(n, known)] == []


async def test_a_link_over_two_lines_is_seen_whole() -> None:
    for draft in (
        "See [click\nhere](mailto:a@evil.example) about 25 days. [3]",
        "[go on. Read](//evil.example) 25. [3]",
    ):
        text, _ = await screened("|".join(draft))
        assert "](" not in text


async def test_links_that_no_source_holds_are_removed() -> None:
    text, _ = await screened("See [this](https://evil.example/?q=25) about 25 days. [3]")
    assert "evil.example" not in text


async def test_a_block_of_code_stays_in_one_piece() -> None:
    code = "```sh\ncurl https://a.example/x. Then\n\nmore\n```\n"
    pieces = [piece async for piece in whole_sentences(drafted("Run this.\n", *code, "Done."))]
    assert pieces == ["Run this.\n", code, "Done."]


@given(st.text(max_size=200), st.lists(st.integers(0, 200), max_size=20))
async def test_joining_sentences_loses_nothing(text: str, cuts: list[int]) -> None:
    edges = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(edges)]
    assert "".join([sentence async for sentence in whole_sentences(drafted(*pieces))]) == text
