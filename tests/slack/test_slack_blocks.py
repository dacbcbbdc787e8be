"""Answers in Block Kit: nothing lost, nothing beyond Slack's limits, and the buttons always there."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters import slack_kit as kit
from adapters.markdown import quiet
from adapters.slack_blocks import (
    PIECE,
    ROOM,
    SlackMessage,
    answer_messages,
    draft,
    ephemeral,
    failure,
    note,
    notice,
    stream_tail,
    with_buttons,
)
from adapters.slack_commands import AGAIN, FEEDBACK, PERSON, SHARE, SOURCE
from bot.answers import Answer, Source
from bot.errors import ModelDown
from bot.language import LANGUAGE_NAMES
from tests.slack.emulated.rules import message_error
from tests.slack.limits import cell_text, message_problem
from tests.slack.markdown_texts import letters, markdown, plain, read, words

unhurried = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
languages = st.sampled_from(list(LANGUAGE_NAMES))
sources = st.integers(0, 40).flatmap(
    lambda count: st.tuples(
        *(
            st.builds(
                Source,
                number=st.just(number),
                doc_id=words,
                title=words | st.text(max_size=400),
                excerpt=st.just(""),
                link=st.sampled_from(
                    ["https://house.example/" + "p" * 300, "/d/1", "", "https://a.example/?a=1&b=<2>|"]
                ),
                owner=st.sampled_from(["HR & Legal", "", "<!channel>", "&" * 900]),
                date=st.sampled_from(["2026-01-05", ""]),
                stale=st.booleans(),
            )
            for number in range(1, count + 1)
        )
    )
)
long = st.integers(1, 60)


def _long(text: str, times: int) -> str:
    return (f"{text}\n\n" * times)[:60_000]


answers = st.builds(
    Answer,
    text=st.builds(_long, markdown, long) | st.builds(lambda word, times: word * times, words, st.integers(1, 20_000)),
    trace_id=st.text("0123456789abcdef", min_size=8, max_size=32),
    sources=sources,
    refused=st.booleans(),
    language=languages,
    masked=st.lists(st.sampled_from(["PERSON", "EMAIL_ADDRESS", "NEW_KIND"]), max_size=3).map(tuple),
    makeshift=st.booleans(),
    notices=st.lists(words, max_size=3).map(tuple),
)


@pytest.mark.timeout(120)
@unhurried
@given(answers)
def test_slack_takes_every_answer_with_all_its_buttons(answer: Answer) -> None:
    *before, last = answer_messages(answer)
    times = [f"1767603605.{number:06}" for number in range(len(before))]
    whole = with_buttons(last, answer, times)
    for message in [*before, whole]:
        assert _problem(message) == ""
        assert message.size <= ROOM
    buttons = _buttons(whole)
    assert set(buttons) == {FEEDBACK, AGAIN, PERSON} | ({SOURCE} if answer.sources else set())
    assert buttons[FEEDBACK] == f"up {times[0]}" if times else "up"
    assert f"{answer.trace_id} {' '.join(times)}".startswith(buttons[AGAIN])


@pytest.mark.timeout(120)
@unhurried
@given(answers)
def test_slack_takes_every_answer_for_one_person_and_under_a_stream(answer: Answer) -> None:
    *before, last = ephemeral(answer)
    assert all(_problem(message) == "" for message in [*before, last])
    assert _buttons(last) == {SHARE: answer.trace_id}
    if tail := stream_tail(answer):
        text = SlackMessage(answer.text, (kit.markdown(quiet(answer.text).strip() or "…"),))
        assert _problem(text + with_buttons(tail, answer, [])) == ""


@pytest.mark.timeout(120)
@unhurried
@given(st.builds(_long, plain, long))
def test_nothing_is_lost_of_what_is_said(text: str) -> None:
    messages = answer_messages(Answer(text, "t", refused=True))
    assert letters("".join(_read(messages))) == letters(read(text))


@pytest.mark.timeout(120)
@unhurried
@given(st.builds(_long, markdown, st.integers(1, 10)))
def test_nothing_is_lost_of_code_tables_and_lies(text: str) -> None:
    shown = "".join(_read(answer_messages(Answer(text, "t", refused=True))))
    assert Counter(read(text)) <= Counter(shown)  # a link that lies stands after its label: the order may differ


@pytest.mark.timeout(120)
@unhurried
@given(st.text(min_size=1), st.integers(1, 5000), languages)
def test_slack_takes_whatever_stands_before_or_instead_of_an_answer(text: str, times: int, language: Any) -> None:
    place = "slack:T0HOUSE:C0GENERAL:1767603600.000100"
    said = [draft(text * times, place, language), notice(text * times, place, language), note(text * times, "v", "en")]
    for message in [*said, failure(ModelDown(text * times), "t", language)]:
        assert _problem(message) == ""


def test_one_message_holds_an_ordinary_answer() -> None:
    assert len(answer_messages(Answer("a" * PIECE, "t", (Source(1, "d", "Title", ""),)))) == 1


def test_parts_are_numbered() -> None:
    first, second = answer_messages(Answer("word " * 3_000, "t", refused=True))
    assert first.text.startswith("(1/2)")
    assert second.text.startswith("(2/2)")


def test_each_table_has_a_message() -> None:
    table = "| a | b |\n|---|--:|\n| 1 | **2** |"
    messages = answer_messages(Answer(f"One:\n\n{table}\n\nTwo:\n\n{table}\n\nDone.", "t", refused=True))
    kinds = [[block["type"] for block in message.blocks] for message in messages]
    assert kinds == [["context", "markdown", "table"], ["context", "markdown", "table", "markdown"]]


def test_a_table_beyond_slacks_columns_is_aligned_text() -> None:
    wide = "|".join("abcdefghijklmnopqrstuvw")
    [message] = answer_messages(Answer(f"{wide}\n{'|'.join(['-'] * 23)}\n{wide}", "t", refused=True))
    assert message.blocks[0]["text"].startswith("```\na  b  c")


def test_what_stands_under_an_answer() -> None:
    source = Source(1, "d", "bank.example", "", "https://house.example/d", "HR", "2019-01-01", stale=True)
    [cited] = answer_messages(Answer("Yes [1].", "t", (source,), language="de", notices=("a.pdf: zu groß",)))
    assert "[1] bank.example <https://house.example/d|https://house.example/d> · HR · 2019" in cited.text
    assert cited.text.endswith(":warning: vielleicht veraltet")
    [uncited] = answer_messages(Answer("Yes.", "t", language="fr", masked=("PERSON",)))
    assert ":warning: Aucune source n'est citée" in uncited.text
    assert uncited.text.endswith(":lock: Caché au modèle : nom")


def test_a_makeshift_answer_can_be_asked_for_again() -> None:
    answer = Answer("a", "t", makeshift=True)
    assert '"Ask again"' in str(with_buttons(answer_messages(answer)[0], answer, []).blocks[-1]).replace("'", '"')


def _problem(message: SlackMessage) -> str:
    blocks = list(message.blocks)  # which the SDK checks as well
    call = {"channel": "C1", "text": message.text, "blocks": blocks}
    return message_problem(call) or message_error(call)


def _buttons(message: SlackMessage) -> dict[str, str]:
    """The values of its buttons, by action; of the thumbs, that of the one which points up."""
    elements = [element for block in message.blocks for element in block.get("elements", [])]
    pressed = [element for element in elements if "action_id" in element]
    return {one["action_id"]: one["value"] if "value" in one else one["positive_button"]["value"] for one in pressed}


def _read(messages: Sequence[SlackMessage]) -> Iterator[str]:
    """The letters that people read in the blocks of the answer's text."""
    for block in (block for message in messages for block in message.blocks):
        if block["type"] == "markdown":
            yield read(block["text"])
        for row in block.get("rows", []):
            yield from (letters(cell_text(cell)) for cell in row)


def test_a_source_says_its_page_in_the_answers_language() -> None:
    source = Source(1, "d", "Handbuch", "", "", "HR", "2026-01-01", page=4)
    assert "[1] Handbuch · S. 4 · HR · 2026-01-01" in str(
        answer_messages(Answer("Ja [1].", "t", (source,), language="de"))
    )
