"""Markdown in Slack: nobody is called, no link lies, and nothing is lost by cutting."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.markdown import honest, quiet, settled
from adapters.markdown_split import split
from adapters.slack_mrkdwn import of_quiet
from tests.slack.markdown_texts import fenced, hostile, letters, links, markdown, plain, read

unhurried = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
CALL = re.compile(r"(?:<|&lt;|&#60;)[\s\\]*[!@#][a-z]", re.IGNORECASE)


@pytest.mark.timeout(60)
@unhurried
@given(hostile | markdown)
def test_nobody_is_called_and_no_link_lies(text: str) -> None:
    calm = quiet(text)
    assert not CALL.search(calm)
    if not any(
        mark in calm for mark in ("`", "~~~", "    ", "	")
    ):  # which begin code, and in code nobody is called so
        assert not re.search(r"(?:^|\s)@(?:channel|here|everyone)\b", calm)
    assert all(honest(label, url) for label, url in links(calm))
    assert quiet(calm) == calm


@pytest.mark.timeout(60)
@unhurried
@given(hostile | markdown)
def test_mrkdwn_calls_nobody_and_loses_nothing(text: str) -> None:
    said = of_quiet(quiet(text))
    assert not re.search(r"<(?!https?://[^<>|]+\|[^<>]+>)", said)
    shown = re.sub(r"<[^<>|]+\|", "", said).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert _within(read(quiet(text)), letters(shown))


@pytest.mark.timeout(60)
@unhurried
@given(hostile | markdown, st.data())
def test_what_is_settled_stays(text: str, data: st.DataObject) -> None:
    grown = text[: data.draw(st.integers(0, len(text)))]
    begun = settled(grown)
    assert grown.startswith(begun)
    assert quiet(text).startswith(quiet(begun))


def test_a_stream_is_not_held_up() -> None:
    said = "Everybody gets 25 days [1]. See [the rules](https://house.example/r) for 3 < 5 people.\n\n"
    assert settled(said) == said
    assert settled("Done. See [the rules](https://house") == "Done. See "
    assert settled("Done.\n\n```py\nx = 1\ny") == "Done.\n\n```py\nx = 1\ny"
    assert settled("Done.\n\n``") == "Done.\n\n"
    assert settled("Done.\n\n| a | b |\n") == "Done.\n\n"


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("[https://bank.example](https://evil.example)", "https://bank.example (https://evil.example)"),
        ("[bank.example](https://bank.example@evil.example)", "bank.example (https://bank.example@evil.example)"),
        (
            "[docs.bank.example](https://www.docs.bank.example/x)",
            "[docs.bank.example](https://www.docs.bank.example/x)",
        ),
        ("[house.example/a.b](https://house.example/a.b)", "[house.example/a.b](https://house.example/a.b)"),
        ("[http://bank/](https://evil.example)", "http://bank/ (https://evil.example)"),
        ("[plan.pdf](https://house.example/1)", "[plan.pdf](https://house.example/1)"),
        ("[bank\u200b.example](https://evil.example)", "bank\u200b.example (https://evil.example)"),
        ("[bank&period;example](https://evil.example)", "bank&period;example (https://evil.example)"),
        ("[x](java&#115;cript:alert)", "x (java&#115;cript:alert)"),
        ("<https://evil.example|bank.example>", "bank.example (https://evil.example)"),
        ("![a](https://a.example/i.png)", "[a](https://a.example/i.png)"),
        ("`[a](b) <https://x|y>`", "`[a](b) <https://x|y>`"),
        ("- `a\n- [bank.example](https://evil.example) `b", "- `a\n- bank.example (https://evil.example) `b"),
        ("| `a | [b.example](https://c.example) `d |\n|-|-|", "| `a | b.example (https://c.example) `d |\n|-|-|"),
        ("> ```\n[b.example](https://c.example)", "> ```\nb.example (https://c.example)"),
    ],
)
def test_links_say_where_they_lead(written: str, shown: str) -> None:
    assert quiet(written) == shown


@pytest.mark.timeout(60)
@unhurried
@given(plain, st.integers(120, 400))
def test_splitting_loses_nothing(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert letters("".join(pieces)) == letters(text)


@pytest.mark.timeout(60)
@unhurried
@given(markdown | hostile | fenced, st.integers(120, 2_000))
def test_splitting_loses_nothing_of_code_and_tables(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    assert _within(letters(text), letters("".join(pieces)))


def test_code_goes_on_as_code() -> None:
    code = "\n".join(f"line {number}" for number in range(100))
    pieces = split(f"Run this:\n\n```sh\n{code}\n```\n\nDone.", 300)
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert pieces[1].startswith("```sh\nline")
    assert split("```sh\nls", 300) == ["```sh\nls\n```"]


def test_a_table_goes_on_with_its_header() -> None:
    rows = "\n".join(f"| {number} | x |" for number in range(60))
    pieces = split(f"| No | Name |\n|---|---|\n{rows}", 200)
    assert all(piece.startswith("| No | Name |\n|---|---|\n| ") for piece in pieces)
    assert sum(piece.count("| x |") for piece in pieces) == 60


def test_mrkdwn_says_it_in_slacks_words() -> None:
    said = _said(
        "# Title\n\n**b** *i* ~~s~~ `c` [r](https://h.example?a=1&b=2) a<b\n\n1. one\n   - two\n\n> q\n> r\n\n---"
    )
    assert said == (
        "*Title*\n\n*b* _i_ ~s~ `c` <https://h.example?a=1&amp;b=2|r> a&lt;b\n\n1. one\n    • two\n\n> q\n> r\n\n———"
    )
    assert _said("| a | b |\n|---|---|\n| long | 2 |") == "```\na     b\n----  -\nlong  2\n```"


def _within(part: str, whole: str) -> bool:
    """Whether all letters stand in the whole, in this order."""
    rest = iter(whole)
    return all(any(sign == other for other in rest) for sign in part)


def _said(text: str) -> str:
    return of_quiet(quiet(text))
