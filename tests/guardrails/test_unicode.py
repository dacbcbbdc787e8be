"""Folding: what looks the same reads the same, and every place is found again in the original."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guardrails.unicode import fold

TEXTS = st.text(
    st.one_of(
        st.sampled_from("Aa1 \n@.-&#;%40４Ａ＠．аеο\u200b\u00ad\u00a0\u2009–−٣𝟒\u0332\ufe0f\r\u3000é€"),
        st.characters(),
    )
)
SEEN = [
    ("ＣＨ９３　００", "CH93 00"),
    ("СН93", "CH93"),
    ("٤١١١ 𝟒𝟏 ४१", "4111 41 41"),
    ("4\u200b1\u00ad1\u2060", "411"),
    ("4\ufe0f\u20e31\u0332", "41"),
    ("756\u00a09217\u20090769–85−1‑2", "756 9217 0769-85-1-2"),
    ("anna＠example．com", "anna@example.com"),
    ("anna%40example&#46;com &#x40;&commat;&nbsp;", "anna@example.com @@ "),
    ("1\r\n2\u20283", "1\n2\n3"),
    ("Zürich – “naïve” €", "Zürich - “naïve” €"),
    ("&unknown; 100% &amp", "&unknown; 100% &amp"),
]


@pytest.mark.parametrize(("text", "seen"), SEEN)
def test_what_looks_the_same_reads_the_same(text: str, seen: str) -> None:
    assert fold(text).text == seen


@given(TEXTS)
def test_every_part_is_found_again_in_its_order(text: str) -> None:
    folded = fold(text)
    places = [folded.span(at, at + 1) for at in range(len(folded.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert all(left[1] <= right[0] for left, right in pairwise(places))
    for (start, end), char in zip(places, folded.text, strict=True):
        assert text[start:end] == char or fold(text[start:end]).text == char


@given(TEXTS, st.data())
def test_a_part_reads_alone_as_it_does_within(text: str, data: st.DataObject) -> None:
    folded = fold(text)
    if folded.text:
        start = data.draw(st.integers(0, len(folded.text) - 1))
        end = data.draw(st.integers(start + 1, len(folded.text)))
        begin, stop = folded.span(start, end)
        assert begin == folded.span(start, start + 1)[0]
        assert stop == folded.span(end - 1, end)[1]


@given(st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20, blacklist_characters="&%")))
def test_plain_text_stays(text: str) -> None:
    assert fold(text).text == text


@pytest.mark.parametrize("part", ["1\u200b", "Привет ", "&#64;", "%40", "４", "a\r\n", "&amp"])
def test_a_megabyte_is_read_at_once(part: str) -> None:
    before = time.process_time()
    fold(part * (1_000_000 // len(part)))
    assert time.process_time() - before < 3
