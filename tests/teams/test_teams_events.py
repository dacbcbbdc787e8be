"""Every kind of activity Teams sends, as recorded, and what it means to us."""

import contextlib
import itertools
from typing import Any

import pytest

from adapters.teams_events import Malformed, parse
from bot.events import Feedback, Person, Turn, Verdict
from tests.teams.conftest import payload

ANNA = Person("teams:7e0a0000-0000-4000-8000-0000000000aa:7faf8ab2-3d56-4244-b585-20c8a42ed2b8", "Anna Keller")


def test_a_message_in_a_personal_chat_is_a_private_turn() -> None:
    turn = parse(payload("personal_message"))
    assert isinstance(turn, Turn)
    assert turn.text == "How many days of holiday do I have? & who approves them?"
    assert (turn.person, turn.private, turn.platform) == (ANNA, True, "teams")
    assert (
        turn.event_id == turn.message_id == f"teams:{payload('personal_message')['conversation']['id']}:1485983408511"
    )


def test_a_mention_in_a_group_chat_is_a_turn_without_the_call_to_us() -> None:
    turn = parse(payload("group_chat_mention"))
    assert isinstance(turn, Turn)
    assert turn.text == "is Hausgeist the same as HausgeistCorp, Ben?"
    assert not turn.private


def test_a_mention_in_a_channel_keeps_its_thread() -> None:
    turn = parse(payload("channel_mention"))
    assert isinstance(turn, Turn)
    assert turn.text == "Wie viele Ferientage habe ich?"
    thread = "19:efa9296d959346209fea44151c742e73@thread.tacv2;messageid=1611060744833"
    assert (turn.conversation, turn.reply_to["conversation"]) == (f"teams:{thread}", thread)
    assert turn.event_id == "teams:19:efa9296d959346209fea44151c742e73@thread.tacv2:1485983408513"


@pytest.mark.parametrize(
    "name",
    [
        "channel_without_mention",
        "card_submit_without_text",
        "message_of_a_bot",
        "reaction_unknown",
        "submit_of_another_kind",
        "message_extension_query",
        "member_added",
    ],
)
def test_what_is_not_for_us_is_nothing(name: str) -> None:
    assert parse(payload(name)) is None


@pytest.mark.parametrize(
    ("name", "verdict", "removed"),
    [
        ("reaction_like_added", Verdict.UP, False),
        ("reaction_like_removed", Verdict.UP, True),
        ("reaction_changed_to_sad", Verdict.DOWN, False),
        ("reaction_thumbs_down", Verdict.DOWN, False),
        ("feedback_like", Verdict.UP, False),
        ("feedback_dislike_in_plain_text", Verdict.DOWN, False),
    ],
)
def test_a_reaction_or_thumb_is_feedback_on_the_answer_it_names(name: str, verdict: Verdict, removed: bool) -> None:
    recorded = payload(name)
    conversation = recorded["conversation"]["id"]
    assert parse(recorded) == Feedback(
        event_id=f"teams:{conversation}:{recorded['id']}",
        message_id=f"teams:{conversation}:1575667808184",
        person=ANNA,
        verdict=verdict,
        removed=removed,
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<at>Helper</at>&nbsp;is Helper the same as HelperCorp?", "is Helper the same as HelperCorp?"),
        (
            'Hi <at>Helper</at>, 1 &lt; 2 &amp;&amp; <at id="0">Ben</at>\nsecond\xa0 line ',
            "Hi , 1 < 2 && Ben\nsecond line",
        ),
        ("&lt;at&gt;Helper&lt;/at&gt;", "<at>Helper</at>"),
    ],
)
def test_only_the_call_to_us_is_cut_out(text: str, said: str) -> None:
    mention = {"type": "mention", "text": "<at>Helper</at>", "mentioned": payload("personal_message")["recipient"]}
    turn = parse(payload("personal_message", text=text, entities=[mention]))
    assert isinstance(turn, Turn)
    assert turn.text == said


def test_a_place_of_unknown_kind_is_not_private() -> None:
    assert parse(payload("personal_message", conversation={"id": "a:1"})) is None


def test_without_a_directory_id_a_person_has_the_id_that_teams_gives() -> None:
    turn = parse(payload("personal_message", **{"from": {"id": "29:x"}}))
    assert isinstance(turn, Turn)
    assert turn.person == Person("teams:7e0a0000-0000-4000-8000-0000000000aa:29:x")


NONSENSE: tuple[Any, ...] = (
    None,
    7,
    "",
    "é",
    [],
    {},
    [None],
    [[]],
    [{}],
    {"id": 7},
    {"tenant": []},
    {"actionValue": "x"},
)


@pytest.mark.parametrize("name", ["personal_message", "channel_mention", "reaction_like_added", "feedback_like"])
def test_nonsense_is_malformed_or_nothing_but_never_a_crash(name: str) -> None:
    for key, value in itertools.product(payload(name), NONSENSE):
        with contextlib.suppress(Malformed):
            event = parse(payload(name, **{key: value}))
            assert event is None or isinstance(event, Turn | Feedback)
