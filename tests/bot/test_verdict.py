"""The verdict at the beginning of a draft: it decides, and nobody reads it, however the draft comes in pieces."""

import math
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.prompt import NO_ANSWER
from bot.verdict import SURE, Piece, answer_of, odds_of

DRAFTS = {
    "Yes. A hotel may cost EUR 180. [1]": "A hotel may cost EUR 180. [1]",
    "Yes. Yes, dogs may come. [1]": "Yes, dogs may come. [1]",
    "Yes. No, dogs may not come. [1]": "No, dogs may not come. [1]",
    "Yes.\nDogs may come. [1]": "Dogs may come. [1]",
    "Yes, dogs may come. [1]": "Yes, dogs may come. [1]",
    "Yesterday it was closed. [1]": "Yesterday it was closed. [1]",
    "Nobody may come. [1]": "Nobody may come. [1]",
    "Note the hours. [1]": "Note the hours. [1]",
    " yes: Two. [1]": "Two. [1]",
    "Yes.": "",
    "Two": "Two",
    "": "",
    "No. NO ANSWER": NO_ANSWER,
    "No": NO_ANSWER,
    "\nNo.": NO_ANSWER,
    "No, the passages are about trains. [1]": NO_ANSWER,
    NO_ANSWER: NO_ANSWER,
}


async def said(*pieces: Piece) -> str:
    async def draft() -> AsyncIterator[Piece]:
        for piece in pieces:
            yield piece

    return "".join([text async for text in answer_of(draft())])


@given(st.sampled_from(list(DRAFTS)), st.integers(1, 40), st.sampled_from([None, SURE, 9.0]))
async def test_the_verdict_is_cut_off_in_whatever_pieces_it_comes(draft: str, size: int, odds: float | None) -> None:
    pieces = [draft[at : at + size] for at in range(0, len(draft), size)]
    assert await said(*(Piece(text, odds if at == 0 else -9.0) for at, text in enumerate(pieces))) == DRAFTS[draft]


async def test_where_the_odds_are_known_they_decide_and_the_rest_is_not_waited_for() -> None:
    asked = 0

    async def draft() -> AsyncIterator[Piece]:
        nonlocal asked
        for text in ("Yes", ".", " A hotel may cost EUR 180. [1]"):
            asked += 1
            yield Piece(text, SURE - 0.01)

    assert [text async for text in answer_of(draft())] == [NO_ANSWER]
    assert asked == 1


def test_the_odds_are_those_of_all_spellings_and_bounded_where_only_one_is_likely() -> None:
    likely = {"Yes": 0.5, " no": 0.15, "No": 0.1, "yes": 0.0, "The": 0.05}
    tokens = [(token, math.log(chance)) for token, chance in likely.items() if chance]
    assert odds_of(tokens) == pytest.approx(math.log(0.5 / 0.25))
    assert odds_of([("Yes", math.log(0.9)), ("The", math.log(0.1))]) == pytest.approx(math.log(9))
    assert odds_of([("No", math.log(0.9)), ("The", math.log(0.1))]) == pytest.approx(-math.log(9))
    assert odds_of([("The", -0.1)]) is None
    assert odds_of([]) is None
