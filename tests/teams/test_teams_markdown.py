"""Any Markdown, of any length, as Teams shows it: no call, no tag, no lie, nothing lost, and a stream only grows."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.markdown import honest
from adapters.teams_activity import Address
from adapters.teams_cards import Manner
from adapters.teams_markdown import fitted, grown, plain, size, sound
from adapters.teams_message import Post, answered, below, failed, noted, offered, under, working
from bot.answers import Answer, Source
from bot.errors import ModelDown
from tests.slack.markdown_texts import hostile, letters, links, markdown, signs
from tests.teams.cards import faults

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
TAGS = ["<at>Everyone</at>", "<img src=x>", "`<at>x</at>`", "</div>", "<!-- x -->", "\\<at>x</at>", "# Title", "**bo"]
tagged = st.lists(st.sampled_from(TAGS) | markdown | hostile, max_size=6).map("\n".join)


@pytest.mark.timeout(120)
@unhurried
@given(tagged)
def test_nothing_in_it_is_obeyed(text: str) -> None:
    shown = plain(text)
    assert not re.search(r"<[A-Za-z/!?]", shown)
    assert all(honest(label, url) for label, url in links(shown))
    if not any(mark in shown for mark in ("`", "~~~", "    ", "\t")):
        assert not re.search(r"(?:^|\s)@(?:channel|here|everyone)\b", shown)
    assert plain(shown) == shown


@pytest.mark.timeout(120)
@unhurried
@given(tagged, st.data())
def test_what_a_stream_shows_the_whole_begins_with(text: str, data: st.DataObject) -> None:
    whole = plain(text)
    for end in data.draw(st.lists(st.integers(0, len(text)), max_size=4)):
        assert whole.startswith(grown(text[:end]))


@pytest.mark.timeout(120)
@unhurried
@given(tagged, st.integers(3_000, 20_000))
def test_cut_to_pieces_it_is_all_there(text: str, room: int) -> None:
    whole = plain(text)
    pieces = fitted(whole, room)
    assert all(size(piece) <= room for piece in pieces)
    assert letters("".join(re.sub(r"(?m)^.*(?:```|~~~).*$", "", piece) for piece in pieces)) == letters(
        re.sub(r"(?m)^.*(?:```|~~~).*$", "", whole)
    )


ADDRESS = Address("https://smba.trafficmanager.net/emea/", f"a:{'1' * 200}", "1" * 20, "29:" + "u" * 100, "28:b")
MOST = 100_000 - 2 * 4_000  # bytes of a message, without what is around it
strange = st.text(signs | st.sampled_from("\n \t\0"), max_size=400) | st.just("🏴󠁧󠁢󠁥󠁮󠁧󠁿" * 60) | st.just("שָׁלוֹם " * 80)
sources = st.lists(
    st.builds(
        Source,
        st.integers(1, 40),
        st.text("abc/", min_size=1, max_size=20),
        strange,
        strange,
        st.just(f"https://wiki.example/{'%C3%A4' * 60}") | strange,
        strange,
        st.just("2026-01-01") | strange,
        st.booleans(),
    ),
    max_size=40,
).map(tuple)
answers = st.builds(
    Answer,
    st.builds("{}{}".format, tagged, st.sampled_from(["", "🙂" * 30_000, "ab " * 40_000, "```\n" + "<a> \n" * 9_000])),
    st.sampled_from(["", "0123456789abcdef"]),
    sources,
    st.booleans(),
    st.sampled_from(["en", "de", "fr"]),
    st.just(("PERSON", "IBAN_CODE")) | st.just(()),
    st.booleans(),
    st.lists(strange, max_size=3).map(tuple),
)


def whole(post: Post) -> dict[str, Any]:
    """All that is sent of a post beside the address, with card and text together as they stand at a stream's end."""
    card = {"attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": post.card}]}
    said = {"text": post.text, "summary": post.text if post.card else "", "entities": post.entities}
    return {**said, "channelData": post.channel_data, **(card if post.card else {})}


def fits(said: Mapping[str, Any]) -> bool:
    return all(len(json.dumps(said, ensure_ascii=it).encode("utf-16-le")) <= MOST for it in (True, False))


@pytest.mark.timeout(120)
@unhurried
@given(answers)
def test_every_message_of_an_answer_is_one_that_teams_takes(answer: Answer) -> None:
    posts = answered(answer, "Confidential")
    buttons = below(
        answer, [str(number) * 30 for number in range(len(posts))], "i" * 30, Manner(shares_with=ADDRESS.conversation)
    )
    ended = under(posts[-1], buttons)
    assert fits({**whole(ended), "summary": ""})
    for post in (*posts, buttons):
        assert fits(whole(post))
        for entity in post.entities:
            citations = entity["citation"]
            assert isinstance(citations, list)
            assert len(citations) <= 20
            for claim in citations:
                assert f"[{claim['position']}]" in post.text
                shown = claim["appearance"]
                assert 1 <= utf16(shown["name"]) <= 80
                assert 1 <= utf16(shown["abstract"]) <= 160
                assert len(shown.get("keywords", [])) <= 3
                assert all(1 <= utf16(word) <= 28 for word in shown.get("keywords", []))
                assert shown.get("url", "https://").startswith(("https://", "http://"))
    assert [bool(post.channel_data) for post in posts] == [False] * (len(posts) - 1) + [True]
    assert all(len(post.entities) == 1 for post in posts)
    assert buttons.card
    assert not faults(buttons.card)
    titles = [action["title"] for action in buttons.card["actions"]]  # type: ignore[attr-defined]  # it has no fault
    assert len(titles) == 1 + 2 * bool(answer.trace_id) + bool(answer.sources)


@pytest.mark.timeout(120)
@unhurried
@given(tagged | strange)
def test_what_we_say_beside_answers_is_one_too(text: str) -> None:
    long = text * 20
    for post in (
        working(long, ADDRESS.place, "de"),
        failed(ModelDown(long), "trace-1", "fr"),
        noted(long),
        offered("kept-1", "en"),
    ):
        assert fits(whole(post))
        assert not post.card or not faults(post.card)


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def test_no_sign_is_torn_where_it_can_be_helped() -> None:
    family, flag = "👩‍👩‍👧‍👦", "🇨🇭"
    for sign in (family, flag, "é", "👍🏽", "❤️"):
        pieces = fitted(plain(sign * 3_000), 5_000)
        assert len(pieces) > 1
        assert all(piece.replace(sign, "") == "" for piece in pieces)


def test_lone_surrogates_are_not_sent() -> None:
    assert sound("a\ud83d b") == "a? b"
    assert answered(Answer("a\ud83d b", "t", (Source(1, "d", "\udc00", "\udc00"),), refused=True))[0].text.startswith(
        "a? b"
    )


def test_control_characters_are_not_sent() -> None:
    source = Source(1, "d", "a\0b", "c\x1bd [1]")
    (post,) = answered(Answer("a\0 b\x07 [1]\n\tc\uffff", "t", (source,)))
    assert post.text.startswith("a b [1]\n\tc\n\n")
    assert not re.search(r"\\u00[01]|\\uffff", json.dumps(post.text + json.dumps(post.entities)))


def test_headings_are_bold_and_tables_are_aligned() -> None:
    assert plain("## Leave **now** ##\n\nText") == "**Leave now**\n\nText"
    assert plain("a\n\n| x | y |\n|---|---|\n| 1 | <at>2</at> |\n\nb") == (
        "a\n\n```\nx  y\n-  ----------\n1  <\u200bat>2<\u200b/at>\n```\n\nb"
    )
    assert plain("`a <b>` <b> <https://x.example/y>") == "`a <\u200bb>` &lt;b> https://x.example/y"


def test_code_goes_on_as_code_in_the_next_part() -> None:
    code = "```python\n" + "x = 1\n" * 9_000 + "```\n\nDone."
    texts = [post.text for post in answered(Answer(code, "t", refused=True))]
    assert len(texts) > 1
    assert texts[0].endswith(f"x = 1\n```\n\n(1/{len(texts)})")
    assert texts[1].startswith("```python\nx = 1")
