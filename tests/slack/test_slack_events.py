"""Parsing, one recorded payload for each branch."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack_commands import from_slash
from adapters.slack_events import parse
from adapters.slack_payload import plain
from bot.events import Again, Command, Deleted, Edited, Event, Feedback, Person, Turn, Verdict
from tests.slack.desk import recorded
from tests.slack.samples import sample_events

ANNA = Person("slack:T0HOUSE:U0ANNA")
PRESS = "slack:C0GENERAL:U0ANNA:1767604905.123456"


def test_a_mention_becomes_a_turn() -> None:
    assert parse(recorded("app_mention")) == Turn(
        event_id="slack:Ev0MENTION1",
        message_id="slack:T0HOUSE:C0GENERAL:1767603600.000100",
        platform="slack",
        conversation="slack:T0HOUSE:C0GENERAL:1767603600.000100",
        person=ANNA,
        text="How many days of annual leave do I have? See #hr-questions & the intranet",
        private=False,
        reply_to={"channel": "C0GENERAL", "thread": "1767603600.000100", "team": "T0HOUSE"}
        | {"user": "U0ANNA", "bot": "U0GEIST"},
        sent_at=1767603600.0001,
        opens=True,
        place="slack:T0HOUSE:C0GENERAL",
    )


@pytest.mark.parametrize(
    ("name", "call", "opens", "place"),
    [
        ("app_mention_in_thread", "addressed", False, "slack:T0HOUSE:C0GENERAL"),
        ("message_im", "addressed", False, ""),
        ("follow_up_in_thread", "follows", False, "slack:T0HOUSE:C0GENERAL"),
        ("overheard_question", "overheard", False, "slack:T0HOUSE:C0GENERAL"),
    ],
)
def test_how_a_question_reached_us_is_told(name: str, call: str, opens: bool, place: str) -> None:
    turn = parse(recorded(name))
    assert isinstance(turn, Turn)
    assert (turn.call, turn.opens, turn.place) == (call, opens, place)


def test_who_belongs_to_another_company_is_told() -> None:
    mention = recorded("app_mention") | {"is_ext_shared_channel": True}
    mention["event"] |= {"user_team": "T0OTHER"}
    turn = parse(mention)
    assert isinstance(turn, Turn)
    assert (turn.reply_to["external"], turn.reply_to["home"]) == ("1", "T0OTHER")


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


@pytest.mark.parametrize(
    ("name", "text", "question", "at"),
    [
        ("message_changed", "Wie viele Ferientage habe ich denn?", "message_im", "1767604400.000000"),
        ("app_mention_edited", "How many days of parental leave do I have?", "app_mention", "1767603650.000000"),
        (
            "message_changed_in_channel",
            "How many days of parental leave do I have?",
            "app_mention",
            "1767603650.000000",
        ),
    ],
)
def test_an_edit_is_the_same_message_with_another_text(name: str, text: str, question: str, at: str) -> None:
    edited, asked = parse(recorded(name)), parse(recorded(question))
    assert isinstance(edited, Edited)
    assert isinstance(asked, Turn)
    assert (edited.turn.text, edited.version) == (text, f"{asked.message_id}:{at}")
    assert replace(edited.turn, event_id=asked.event_id, text=asked.text) == asked


@pytest.mark.parametrize(
    ("name", "ts", "thread"),
    [
        ("message_deleted", "D0ANNA:1767603800.000100", "D0ANNA:1767603800.000100"),
        ("message_deleted_with_replies", "D0ANNA:1767603800.000100", "D0ANNA:1767603800.000100"),
        ("message_deleted_in_thread", "C0GENERAL:1767603700.000100", "C0GENERAL:1767603600.000100"),
    ],
)
def test_a_deleted_question_is_named(name: str, ts: str, thread: str) -> None:
    payload = recorded(name)
    expected = Deleted(f"slack:{payload['event_id']}", f"slack:T0HOUSE:{ts}", f"slack:T0HOUSE:{thread}")
    assert parse(payload) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("button_stop", Command(PRESS, "stop", ANNA, "slack:T0HOUSE:C0GENERAL:1767603600.000100")),
        ("button_again", Again(PRESS, "0b5c1f7e", ANNA, {"replaces": "1767603605.000200"})),
    ],
)
def test_buttons_are_understood(name: str, expected: Event) -> None:
    assert parse(recorded(name)) == expected


@pytest.mark.parametrize(("label", "language"), [("Anhalten", "de"), ("Arrêter", "fr"), ("Halt", "en")])
def test_who_stops_is_told_so_in_the_language_of_the_button(label: str, language: str) -> None:
    press = recorded("button_stop")
    press["actions"][0]["text"]["text"] = label
    command = parse(press)
    assert isinstance(command, Command)
    assert command.language == language


@pytest.mark.parametrize(
    ("name", "text", "verb", "place"),
    [
        ("message_im_in_thread", "stop", "stop", "slack:T0HOUSE:D0ANNA:1767603800.000100"),
        ("message_im_in_thread", " /Reset ", "reset", "slack:T0HOUSE:D0ANNA:1767603800.000100"),
        ("message_im", "STOP", "stop", "slack:T0HOUSE:D0ANNA:"),
        ("message_im", "reset", "reset", "slack:T0HOUSE:D0ANNA:"),
        ("app_mention_in_thread", "<@U0GEIST> reset", "reset", "slack:T0HOUSE:C0GENERAL:1767603600.000100"),
        ("app_mention", "<@U0GEIST> stop", "stop", "slack:T0HOUSE:C0GENERAL:"),
        ("app_mention", "<@U0GEIST> reset", "reset", "slack:T0HOUSE:C0GENERAL:1767603600.000100"),
    ],
)
def test_a_word_alone_is_a_command(name: str, text: str, verb: str, place: str) -> None:
    payload = recorded(name)
    payload["event"]["text"] = text
    command = parse(payload)
    assert isinstance(command, Command)
    assert (command.verb, command.place, command.person) == (verb, place, ANNA)


@pytest.mark.parametrize("text", ["stop it", "How do I stop?", "stop!", "//stop", "reset my password", ""])
def test_a_question_is_no_command(text: str) -> None:
    payload = recorded("message_im")
    payload["event"]["text"] = text
    assert isinstance(parse(payload), Turn)


def test_slash_commands_are_understood() -> None:
    call = recorded("slash_command")
    stop, reset = (from_slash(call | change) for change in ({}, {"text": " Reset", "channel_id": "D0ANNA"}))
    assert stop == Command("slack:12466734323.1395872398.c0ffee", "stop", ANNA, "slack:T0HOUSE:C0GENERAL:")
    assert isinstance(reset, Command)
    assert (reset.verb, reset.place) == ("reset", "slack:T0HOUSE:D0ANNA:")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": "reset"}, "write `reset` in the thread"),
        ({"text": "dance"}, "I know no `dance`"),
        ({"text": "hlep"}, "Did you mean `/hausgeist help`?"),
        ({"text": "rollout"}, "`rollout` is not there yet"),
        ({"text": ""}, "`/hausgeist reset`"),
        ({"text": "stop", "user_id": 7}, "Write me a direct message"),
    ],
)
def test_slash_commands_that_cannot_be_followed_help(change: dict[str, object], said: str) -> None:
    assert said in str(from_slash(recorded("slash_command") | change))


@pytest.mark.parametrize(("ts", "at"), [("1767603600.000100", 1767603600.0001), ("soon", 0.0), ("1e999", 0.0)])
def test_a_strange_time_is_none(ts: str, at: float) -> None:
    payload = recorded("message_im")
    payload["event"]["ts"] = ts
    turn = parse(payload)
    assert isinstance(turn, Turn)
    assert turn.sent_at == at


@pytest.mark.parametrize(
    "text", [" ," * 500_000, "<@U0GEIST|" * 100_000, "<@U0GEIST>" * 100_000, "<" * 1_000_000, "&amp;" * 200_000]
)
def test_a_text_of_a_megabyte_is_read_at_once(text: str) -> None:
    payload = recorded("app_mention")
    payload["event"]["text"] = text
    began = time.process_time()
    assert isinstance(parse(payload), Turn)
    assert time.process_time() - began < 1


def test_slacks_samples_parse() -> None:
    for name, event in sample_events():
        assert parse(event) is None, name


scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@settings(deadline=None, max_examples=100)
@given(
    name=st.sampled_from(
        "app_mention message_im reaction_added button_helpful button_stop message_changed app_mention_edited "
        "message_deleted_with_replies slash_command".split()
    ),
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
    from_slash(payload)


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
