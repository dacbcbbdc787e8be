"""Every kind of activity Teams sends, as recorded, and what it means to us."""

import contextlib
import itertools
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.teams_events import Malformed, parse
from bot.events import Again, Command, Deleted, Edited, Feedback, Person, Turn, Verdict
from tests.teams.conftest import payload

CHAT = f"teams:{payload('personal_message')['conversation']['id']}"
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
        "message_undeleted",
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


def test_a_turn_is_as_old_as_teams_says() -> None:
    turn = parse(payload("personal_message"))
    assert isinstance(turn, Turn)
    assert turn.sent_at == datetime(2026, 11, 2, 9, 10, 7, 437000, UTC).timestamp()
    without_zone = parse(payload("personal_message", timestamp="2026-11-02T09:10:07.437"))
    assert without_zone == turn
    for nonsense in ("yesterday", "", None, 7):
        turn = parse(payload("personal_message", timestamp=nonsense))
        assert isinstance(turn, Turn)
        assert abs(turn.sent_at - time.time()) < 60


def test_a_changed_question_is_an_edit_of_the_message_that_it_was() -> None:
    asked, edited = parse(payload("personal_message")), parse(payload("message_edited"))
    assert isinstance(asked, Turn)
    assert isinstance(edited, Edited)
    assert edited.turn.text == "How many days of holiday do I have in my first year?"
    assert (edited.turn.message_id, edited.turn.conversation) == (asked.message_id, asked.conversation)
    assert edited.event_id == edited.version == f"{asked.message_id}:2026-11-02T09:12:40.102Z"
    assert parse(payload("message_edited", timestamp="2026-11-02T09:14:00Z")) != edited


def test_without_a_time_each_new_text_is_an_edit_of_its_own() -> None:
    texts = ("a", "a", "b", "\ud800")
    edits = [parse(payload("message_edited", timestamp=None, text=text)) for text in texts]
    versions = [edited.version for edited in edits if isinstance(edited, Edited)]
    assert (versions[0] == versions[1], len(set(versions))) == (True, 3)


def test_a_deleted_question_names_its_message() -> None:
    asked = parse(payload("personal_message"))
    assert isinstance(asked, Turn)
    assert parse(payload("message_deleted")) == Deleted(f"{asked.message_id}:deleted", asked.message_id, CHAT)


def test_a_press_of_our_buttons_is_what_the_button_says() -> None:
    assert parse(payload("card_stop")) == Command(f"{CHAT}:1485983408515", "stop", ANNA, CHAT, "de")
    assert parse(payload("card_again")) == Again(f"{CHAT}:1485983408516", "trace-1", ANNA)
    assert parse(payload("card_again", value={"hausgeist": "again"})) is None
    assert parse(payload("card_again", value={"hausgeist": "dance", "kept": "x"})) is None


def test_a_button_stops_what_is_where_it_was_pressed_and_nothing_elsewhere() -> None:
    for place in ("teams:another", f"{CHAT}2", "teams:", "", None, 7):
        stop = parse(payload("card_stop", value={"hausgeist": "stop", "place": place}))
        assert isinstance(stop, Command)
        assert stop.place == CHAT
    thread = {"hausgeist": "stop", "place": f"{CHAT};messageid=1"}
    stop = parse(payload("card_stop", value=thread))
    assert isinstance(stop, Command)
    assert stop.place == thread["place"]


@pytest.mark.parametrize("text", ["stop", " STOP\n", "/stop", "/Stop&nbsp;"])
def test_a_typed_stop_is_a_command(text: str) -> None:
    assert parse(payload("personal_message", text=text)) == Command(f"{CHAT}:1485983408511", "stop", ANNA, CHAT, "de")


def test_a_reset_in_a_channel_is_about_its_thread() -> None:
    recorded = payload("channel_reset", locale="pt-BR")
    command = parse(recorded)
    assert isinstance(command, Command)
    assert (command.verb, command.place, command.language) == ("reset", f"teams:{recorded['conversation']['id']}", "en")


@pytest.mark.parametrize("text", ["stop it", "When does the bus stop?", "//stop", "stop.", "reset stop"])
def test_a_question_that_begins_with_a_command_is_a_question(text: str) -> None:
    assert isinstance(parse(payload("personal_message", text=text)), Turn)


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


@pytest.mark.parametrize(
    "name",
    [
        "personal_message",
        "channel_mention",
        "reaction_like_added",
        "feedback_like",
        "message_edited",
        "message_deleted",
        "card_stop",
        "card_again",
    ],
)
def test_nonsense_is_malformed_or_nothing_but_never_a_crash(name: str) -> None:
    for key, value in itertools.product(payload(name), NONSENSE):
        with contextlib.suppress(Malformed):
            parse(payload(name, **{key: value}))
