"""Parsing, one recorded payload for each branch."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack_events import parse, plain
from bot.events import Feedback, Person, Turn, Verdict
from tests.slack.desk import recorded
from tests.slack.samples import sample_events

ANNA = Person("slack:T0HOUSE:U0ANNA")


def test_a_mention_becomes_a_turn() -> None:
    assert parse(recorded("app_mention")) == Turn(
        event_id="slack:Ev0MENTION1",
        message_id="slack:T0HOUSE:C0GENERAL:1767603600.000100",
        platform="slack",
        conversation="slack:T0HOUSE:C0GENERAL:1767603600.000100",
        person=ANNA,
        text="How many days of annual leave do I have? See #hr-questions & the intranet",
        private=False,
        reply_to={"channel": "C0GENERAL", "thread": "1767603600.000100"},
    )


@pytest.mark.parametrize(
    ("name", "text", "thread", "private"),
    [
        ("app_mention_in_thread", "And how many may I carry over ?", "1767603600.000100", False),
        ("message_im", "Wie viele Ferientage habe ich?", "1767603800.000100", True),
        ("message_im_in_thread", "Und im ersten Jahr?", "1767603800.000100", True),
        ("message_im_file_share", "What does this say about leave?", "1767604000.000100", True),
    ],
)
def test_questions_belong_to_their_thread(name: str, text: str, thread: str, private: bool) -> None:
    turn = parse(recorded(name))
    assert isinstance(turn, Turn)
    assert (turn.text, turn.reply_to["thread"], turn.private) == (text, thread, private)
    assert turn.conversation.endswith(f":{thread}")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reaction_added", Feedback("slack:Ev0REACT1", "slack:C0GENERAL:1767603605.000200", ANNA, Verdict.UP)),
        ("reaction_removed", Feedback("slack:Ev0REACT2", "slack:C0GENERAL:1767603605.000200", ANNA, Verdict.UP, True)),
        (
            "reaction_added_skin_tone",
            Feedback("slack:Ev0REACT3", "slack:C0GENERAL:1767603605.000200", ANNA, Verdict.DOWN),
        ),
        (
            "button_helpful",
            Feedback("slack:C0GENERAL:U0ANNA:1767604900.123456", "slack:C0GENERAL:1767603605.000200", ANNA, Verdict.UP),
        ),
        (
            "button_not_helpful_long_answer",
            Feedback(
                "slack:C0GENERAL:U0ANNA:1767604901.123456", "slack:C0GENERAL:1767603604.000100", ANNA, Verdict.DOWN
            ),
        ),
    ],
)
def test_thumbs_become_feedback(name: str, expected: Feedback) -> None:
    assert parse(recorded(name)) == expected


@pytest.mark.parametrize("name", sorted(path.stem for path in (Path(__file__).parent / "payloads").glob("ignored_*")))
def test_the_rest_is_not_for_us(name: str) -> None:
    assert parse(recorded(name)) is None


def test_an_edit_names_the_same_message() -> None:
    edited = recorded("app_mention") | {"event_id": "Ev0EDITED"}
    edited["event"] |= {"edited": {"user": "U0ANNA", "ts": "1767603650.000000"}, "text": "<@U0GEIST> leave?"}
    before, after = parse(recorded("app_mention")), parse(edited)
    assert before is not None
    assert after is not None
    assert before.message_id == after.message_id


def test_slacks_samples_parse() -> None:
    for name, event in sample_events():
        assert parse(event) is None, name


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(deadline=None, max_examples=50)
@given(
    name=st.sampled_from(["app_mention", "message_im", "reaction_added", "button_helpful"]),
    path=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    value=anything,
)
def test_no_shape_upsets_the_parser(name: str, path: list[int], value: object) -> None:
    payload: Any = recorded(name)
    here = payload
    for step in path:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        if not keys:
            break
        key = keys[step % len(keys)]
        if not isinstance(here[key], dict | list) or step == path[-1]:
            here[key] = value
            break
        here = here[key]
    parse(payload)


@pytest.mark.parametrize(
    ("slack", "text"),
    [
        ("<@U0GEIST>, hello", "hello"),
        ("<@U0GEIST|hausgeist> ask <@U0BEAT> or <@U0BEAT|beat>", "ask @U0BEAT or @beat"),
        ("in <#C0HR|hr> and <#C0HR>", "in #hr and #C0HR"),
        ("<!here> <!subteam^S1|@hr> <!date^1767603600^{date}|5 January>", "@here @hr 5 January"),
        (
            "<https://a.example/?b=1&amp;c=2> <mailto:anna@a.example|anna@a.example>",
            "https://a.example/?b=1&c=2 anna@a.example",
        ),
        ("1 &lt; 2 &amp;amp; 3", "1 < 2 &amp; 3"),
        ("line\n  indented", "line\n indented"),
    ],
)
def test_text_reads_as_written(slack: str, text: str) -> None:
    assert plain(slack, "U0GEIST") == text
