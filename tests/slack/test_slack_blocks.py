"""Answers in Block Kit: nothing lost, and nothing beyond Slack's limits."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.slack_blocks import PIECE, draft, failure, note, notice, split, whole, with_again, with_thumbs
from bot.answers import Answer, Source
from bot.errors import ModelDown
from tests.slack.standin import problem

unhurried = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
words = st.text(st.characters(exclude_categories=("Cs", "Zs", "Zl", "Zp", "Cc")), min_size=1, max_size=60)
lines = st.lists(words, max_size=30).map(" ".join)
fenced = lines.map(lambda code: f"```python\n{code}\n```")
markdown = st.lists(lines | fenced, max_size=12).map("\n\n".join)


@unhurried
@given(markdown, st.integers(100, 400))
def test_splitting_loses_no_word(text: str, limit: int) -> None:
    pieces = split(text, limit)
    assert all(len(piece) <= limit for piece in pieces)
    kept = "".join("\n".join(pieces).replace("```python", "").replace("```", "").split())
    assert kept == "".join(text.replace("```python", "").replace("```", "").split())


def test_code_goes_on_as_code() -> None:
    code = "\n".join(f"line {number}" for number in range(100))
    pieces = split(f"Run this:\n\n```sh\n{code}\n```\n\nDone.", 300)
    assert all(piece.count("```") % 2 == 0 for piece in pieces)
    assert pieces[1].startswith("```sh\nline")


@unhurried
@given(markdown, st.integers(0, 60), st.sampled_from(["https://house.example/" + "p" * 300, "/d/1", ""]))
def test_slack_takes_every_answer(text: str, sources: int, link: str) -> None:
    cited = tuple(
        Source(number, f"d{number}", f"Title <{number}> | " + "x" * 200, "", link, "HR & Legal", "2026-01-05")
        for number in range(1, sources + 1)
    )
    messages = whole(Answer(text * 40, "t", cited, masked=("PERSON",)))
    for message in messages:
        blocks = [block.to_dict() for block in with_thumbs(with_again(message, "t", "de"), "1767603605.000200").blocks]
        assert problem({"channel": "C1", "text": message.text, "blocks": blocks}) == ""
    shown = "\n".join(message.text for message in messages)
    assert all(f"[{number}] " in shown for number in range(1, sources + 1))


@unhurried
@given(st.text(min_size=1), st.integers(1, 5000))
def test_slack_takes_whatever_stands_before_or_instead_of_an_answer(text: str, times: int) -> None:
    place = "slack:T0HOUSE:C0GENERAL:1767603600.000100"
    said = [draft(text * times, place, "de"), notice(text * times, place, "fr"), note(text * times, "v1", "en")]
    for message in [*said, failure(ModelDown(text * times), "t", "de")]:
        blocks = [block.to_dict() for block in message.blocks]
        assert problem({"channel": "C1", "text": message.text, "blocks": blocks}) == ""


def test_one_message_holds_an_ordinary_answer() -> None:
    assert len(whole(Answer("a" * PIECE, "t", (Source(1, "d", "Title", ""),)))) == 1
