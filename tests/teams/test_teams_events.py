"""Every kind of activity Teams sends, as recorded, and what it means to us."""

import contextlib
import itertools
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.teams_activity import Malformed
from adapters.teams_events import events, helped, parse
from bot.events import Again, AskPerson, Command, Deleted, Edited, Feedback, Person, Share, Turn, Verdict
from tests.teams.conftest import payload

CHANNEL = "19:efa9296d959346209fea44151c742e73@thread.tacv2"
CHAT = f"teams:{payload('personal_message')['conversation']['id']}"
REPLY = 'itemtype="http://schema.skype.com/Reply"'
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
        "card_submit_without_text",
        "message_of_a_bot",
        "reaction_unknown",
        "submit_of_another_kind",
        "message_extension_query",
        "member_added",
        "installed",
        "message_undeleted",
        "extension_form",
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
    comments = {"feedback_like": "Nice!", "feedback_dislike_in_plain_text": "wrong year"}
    assert parse(recorded) == Feedback(
        event_id=f"teams:{conversation}:{recorded['id']}",
        message_id=f"teams:{conversation}:1575667808184",
        person=ANNA,
        verdict=verdict,
        removed=removed,
        comment=comments.get(name, ""),
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
    stands_on = {"pressed": "1575667808184"}
    assert parse(payload("card_again")) == Again(f"{CHAT}:1485983408516", "trace-1", ANNA, stands_on)
    assert parse(payload("card_again", replyToId=None)) == Again(f"{CHAT}:1485983408516", "trace-1", ANNA)
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


@pytest.mark.parametrize("text", ["stop it", "When does the bus stop?", "//stop", "reset stop"])
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
    turn = parse(payload("personal_message", conversation={"id": "one:1"}))
    assert isinstance(turn, Turn)
    assert (turn.private, turn.call) == (False, "overheard")


def test_without_a_directory_id_a_person_has_the_id_that_teams_gives() -> None:
    turn = parse(payload("personal_message", **{"from": {"id": "29:x"}}))
    assert isinstance(turn, Turn)
    assert turn.person == Person("teams:7e0a0000-0000-4000-8000-0000000000aa:29:x")


def test_what_is_said_in_a_thread_without_calling_anybody_follows_and_may_be_ours() -> None:
    turn = parse(payload("channel_without_mention"))
    assert isinstance(turn, Turn)
    assert (turn.call, turn.opens, turn.place) == ("follows", False, f"teams:{CHANNEL}")
    assert parse(payload("channel_without_mention", text="Thanks a lot!")) is None


def test_what_is_said_to_a_colleague_is_theirs() -> None:
    ben = {"type": "mention", "text": "<at>Ben</at>", "mentioned": {"id": "29:ben"}}
    assert parse(payload("channel_without_mention", text="<at>Ben</at> How much is it?", entities=[ben])) is None


def test_a_question_that_begins_a_thread_is_overheard_and_a_statement_is_not() -> None:
    here = payload("channel_without_mention")["conversation"]
    for root in (f"{CHANNEL};messageid=1485983408514", CHANNEL):
        began = {"conversation": {**here, "id": root}, "text": "How many days of holiday are there?"}
        turn = parse(payload("channel_without_mention", **began))
        assert isinstance(turn, Turn)
        assert (turn.call, turn.opens, turn.private) == ("overheard", False, False)
        assert parse(payload("channel_without_mention", **{**began, "text": "The coffee machine works."})) is None


def test_in_a_group_chat_a_question_is_overheard() -> None:
    chat = payload("group_chat_mention")["conversation"]
    turn = parse(payload("group_chat_mention", entities=[], text="How many days of holiday are there?"))
    assert isinstance(turn, Turn)
    assert (turn.call, turn.place) == ("overheard", f"teams:{chat['id']}")


def test_a_mention_opens_a_conversation_where_it_begins_a_thread() -> None:
    asked, there = parse(payload("channel_mention")), payload("channel_mention")["conversation"]
    began = parse(payload("channel_mention", conversation={**there, "id": f"{CHANNEL};messageid=1485983408513"}))
    group, alone = parse(payload("group_chat_mention")), parse(payload("personal_message"))
    turns = [turn for turn in (asked, began, group, alone) if isinstance(turn, Turn)]
    assert [turn.opens for turn in turns] == [False, True, False, False]
    assert [turn.call for turn in turns] == ["addressed"] * 4
    assert [bool(turn.place) for turn in turns] == [True, True, True, False]


def test_a_mention_and_no_word_more_is_a_question_that_says_nothing() -> None:
    turn = parse(payload("channel_mention", text="<at>Hausgeist</at>"))
    assert isinstance(turn, Turn)
    assert turn.text == ""


def test_two_companies_in_one_activity_are_told_to_who_lets_people_in() -> None:
    there = payload("channel_mention")["conversation"]
    turn = parse(payload("channel_mention", conversation={**there, "tenantId": "another"}))
    assert isinstance(turn, Turn)
    assert turn.reply_to["external"] == "1"
    turn = parse(payload("channel_mention", conversation={**there, "tenantId": there["tenantId"].upper()}))
    assert isinstance(turn, Turn)
    assert "external" not in turn.reply_to


def test_a_chat_of_two_colleagues_is_not_private() -> None:
    there, us = payload("personal_message")["conversation"], payload("personal_message")["recipient"]["id"]
    for others, private in (("anna_ben", False), (f"anna_{us.removeprefix('28:')}", True)):
        turn = parse(payload("personal_message", conversation={**there, "id": f"19:{others}@unq.gbl.spaces"}))
        assert isinstance(turn, Turn)
        assert (turn.private, turn.call == "addressed", turn.place == "") == (private, private, private)


@pytest.mark.parametrize(
    ("name", "conversation", "kind"),
    [
        ("personal_message", "a:1", "personal"),
        ("group_chat_mention", "19:meeting_x@thread.v2", "groupChat"),
        ("channel_mention", CHANNEL, "channel"),
        ("channel_mention", f"{CHANNEL};messageid=1", "channel"),
    ],
)
def test_what_teams_does_not_say_of_a_conversation_its_id_tells(name: str, conversation: str, kind: str) -> None:
    there = {**payload(name)["conversation"], "id": conversation}
    del there["conversationType"]
    turn = parse(payload(name, conversation=there))
    assert isinstance(turn, Turn)
    assert (turn.reply_to["kind"], turn.private) == (kind, kind == "personal")


def test_files_come_with_the_question_and_copies_of_its_text_do_not() -> None:
    turn = parse(payload("personal_file"))
    assert isinstance(turn, Turn)
    pdf, picture = turn.files
    assert (pdf.name, pdf.kind, pdf.size) == ("travel.pdf", "", 0)
    assert pdf.link.startswith("https://contoso.sharepoint.com/personal/anna_contoso_com/_layouts/15/download.aspx?")
    assert (picture.name, picture.kind) == ("image", "image/*")


def test_a_file_without_words_is_a_question_that_says_nothing() -> None:
    turn = parse(payload("personal_file", text=None))
    assert isinstance(turn, Turn)
    assert (turn.text, len(turn.files)) == ("", 2)


def test_a_file_in_a_channel_is_named_and_cannot_be_had() -> None:
    turn = parse(payload("channel_file"))
    assert isinstance(turn, Turn)
    (file,) = turn.files
    assert (file.name, file.link) == ("travel.pdf", "elsewhere:")


@pytest.mark.parametrize(
    ("name", "ending", "shown"),
    [("travel", "pdf", "travel.pdf"), ("a.b", "pdf", "a.b"), ("travel", "../x", "travel"), ("", "txt", "1.txt")],
)
def test_a_file_has_the_ending_that_teams_tells(name: str, ending: str, shown: str) -> None:
    content = {"downloadUrl": "https://x.sharepoint.com/1", "fileType": ending, "uniqueId": "1"}
    kind = "application/vnd.microsoft.teams.file.download.info"
    turn = parse(payload("personal_file", attachments=[{"contentType": kind, "name": name, "content": content}]))
    assert isinstance(turn, Turn)
    assert [file.name for file in turn.files] == [shown]


def test_our_own_cards_and_those_of_others_are_no_files() -> None:
    kinds = ("application/vnd.microsoft.card.adaptive", "application/vnd.microsoft.teams.card.o365connector")
    cards = [{"contentType": kind, "name": "x", "contentUrl": "https://x", "content": {}} for kind in kinds]
    turn = parse(payload("personal_message", attachments=cards))
    assert isinstance(turn, Turn)
    assert turn.files == ()


def test_a_question_carries_the_message_that_it_quotes() -> None:
    turn = parse(payload("personal_quote"))
    assert isinstance(turn, Turn)
    assert turn.text == "Since when?\n\n> The hotel is & stays EUR 180.\n> Breakfast is extra."
    said = {"messageId": "1", "preview": "Hotels cost EUR 180.", "senderName": "Ben"}
    entities = [{"type": "quotedReply", "quotedReply": said}]
    turn = parse(payload("personal_message", text='<quoted messageId="1"/> Since when?', entities=entities))
    assert isinstance(turn, Turn)
    assert turn.text == "Since when?\n\n> Hotels cost EUR 180."
    graph = {"contentType": "messageReference", "content": '{"messagePreview": "Hotels cost EUR 180."}'}
    turn = parse(payload("personal_message", text="Since when?", attachments=[graph]))
    assert isinstance(turn, Turn)
    assert turn.text == "Since when?\n\n> Hotels cost EUR 180."


@pytest.mark.parametrize("made", ["<", "<p ", "<at ", '<p itemprop="copy" ', 'x="', "<quoted ", "&#", '<img alt="'])
def test_markup_that_never_ends_is_read_in_no_time(made: str) -> None:
    reply = f"<blockquote {REPLY}>"
    content = (reply + made * 100_000)[:900_000]
    before = time.process_time()
    parse(payload("personal_quote", text=made * 50_000, attachments=[{"contentType": "text/html", "content": content}]))
    parse(payload("personal_quote", attachments=[{"contentType": "text/html", "content": reply * 15_000}]))
    for within in (f"<blockquote {REPLY} " + f"{REPLY} " * 1_500, f"{reply}<p " + 'itemprop="copy" ' * 4_000):
        several = [{"contentType": "text/html", "content": within}] * 16
        parse(payload("personal_quote", attachments=several))
    assert time.process_time() - before < 1


def test_of_reactions_that_come_and_go_at_once_the_last_that_came_counts() -> None:
    both = payload("reaction_changed_to_sad")
    assert [(one.verdict, one.removed) for one in _verdicts(both)] == [(Verdict.DOWN, False)]
    many = payload("reaction_like_added", reactionsAdded=[{"type": "sad"}, {"type": "laugh"}, {"type": "1f44d_x"}])
    assert [(one.verdict, one.removed) for one in _verdicts(many)] == [(Verdict.UP, False)]


def test_reactions_that_go_at_once_are_all_taken_back() -> None:
    gone = [{"type": "like"}, {"type": "heart"}, {"type": "angry"}, {"type": "surprised"}]
    undone = _verdicts(payload("reaction_like_removed", reactionsRemoved=gone))
    assert [(one.verdict, one.removed) for one in undone] == [(Verdict.UP, True), (Verdict.DOWN, True)]
    assert len({one.event_id for one in undone}) == 2


def test_a_reaction_of_a_bot_is_nothing() -> None:
    assert events(payload("reaction_like_added", **{"from": {"id": "28:another"}})) == []


def test_a_form_says_why_an_answer_is_bad_and_which_document_is_meant() -> None:
    why = {"reason": "outdated", "document": "hr/holidays.md", "comment": "It is 26 now."}
    written = [
        payload("feedback_of_form"),
        _feedback({"reaction": "dislike", "feedback": why}),
        _feedback(json.dumps({"reaction": "dislike", "feedback": json.dumps(why)})),
    ]
    for verdict in map(parse, written):
        assert isinstance(verdict, Feedback)
        assert (verdict.reason, verdict.document, verdict.comment) == tuple(why.values())
    plain = parse(payload("feedback_dislike_in_plain_text"))
    assert isinstance(plain, Feedback)
    assert (plain.reason, plain.comment) == ("", "wrong year")
    odd = parse(_feedback({"reaction": "dislike", "feedback": {"reason": "because", "comment": 7, "document": []}}))
    assert isinstance(odd, Feedback)
    assert (odd.reason, odd.document, odd.comment) == ("", "", "")


def test_a_request_for_the_form_is_a_verdict_already() -> None:
    for value in ("data", "bare"):
        form = payload("feedback_form")
        asked = form if value == "data" else {**form, "value": form["value"]["data"]}
        verdict = parse(asked)
        assert isinstance(verdict, Feedback)
        assert (verdict.verdict, verdict.reason) == (Verdict.DOWN, "")


def test_a_press_that_is_answered_at_once_says_the_same_as_one_that_posts_a_message() -> None:
    again = parse(payload("card_execute"))
    event = f"{CHAT}:f:5d1c2e8a-0001"
    carried = {"kept": "trace-1", "replaces": "1575667808180 1575667808184", "pressed": "1575667808184"}
    assert again == Again(event, "trace-1", ANNA, carried)
    data = payload("card_execute")["value"]["action"]["data"]
    for value in (
        {"action": {"verb": "again", "data": json.dumps(data)}},
        json.dumps({"action": {"type": "Action.Execute", "data": data}}),
        {"action": {"verb": "again", "data": {"kept": "trace-1"}}, "data": data},
        {"action": {"verb": "again", "data": {**data, "hausgeist": None}}},
    ):
        assert parse(payload("card_execute", value=value)) == again
    assert parse(payload("card_again", id="f:5d1c2e8a-0001", value=data)) == again
    assert parse(payload("card_execute", value={"action": {"verb": "", "data": {"kept": "x"}}})) is None


def test_what_a_button_brings_back_must_be_ids() -> None:
    for kept in ("", " ", "a b", "x" * 201, "é", 7, None, ["x"]):
        assert parse(payload("card_again", value={"hausgeist": "again", "kept": kept})) is None
    for pressed in ("", " ", "a b", "é", 7):
        event = parse(payload("card_again", replyToId=pressed))
        assert isinstance(event, Again)
        assert event.reply_to == {}


def test_a_person_is_asked_about_an_answer_that_stands_here() -> None:
    asked = parse(payload("card_again", value={"hausgeist": "person", "answer": "1575667808184"}))
    assert asked == AskPerson(f"{CHAT}:1485983408516", f"{CHAT}:1575667808184", ANNA)


def test_a_wrong_source_is_a_verdict_on_an_answer_that_stands_here() -> None:
    value = {"hausgeist": "wrong", "answer": "1575667808184", "document": "hr/a.md", "comment": "Old."}
    verdict = parse(payload("card_again", value=value))
    assert isinstance(verdict, Feedback)
    assert (verdict.message_id, verdict.reason) == (f"{CHAT}:1575667808184", "wrong source")
    assert (verdict.document, verdict.comment) == ("hr/a.md", "Old.")


def test_an_answer_is_shared_where_its_place_is_and_nowhere_else() -> None:
    to, place = f"{CHANNEL};messageid=1611060744833", f"teams:{CHANNEL}"
    share = parse(payload("card_again", value={"hausgeist": "share", "kept": "k", "to": to, "place": place}))
    assert isinstance(share, Share)
    where = share.turn.reply_to
    assert (share.turn.place, where["conversation"], where["activity"]) == (place, to, "1611060744833")
    assert (where["by"], where["chat"], where["kind"]) == ("Anna Keller", CHAT.removeprefix("teams:"), "channel")
    for there, named in ((to, "teams:19:other@thread.tacv2"), ("19:other@thread.tacv2", place), ("", place), (to, "")):
        assert (
            parse(payload("card_again", value={"hausgeist": "share", "kept": "k", "to": there, "place": named})) is None
        )


@pytest.mark.parametrize("text", ["enable", "/enable questions", "Disable", "enable scope hr travel"])
def test_what_holds_in_a_channel_is_changed_by_typing(text: str) -> None:
    command = parse(payload("channel_mention", text=f"<at>Hausgeist</at> {text}"))
    assert isinstance(command, Command)
    assert (command.verb, command.place) == ("disable" if "isable" in text else "enable", f"teams:{CHANNEL}")
    assert command.text == text.partition(" ")[2]
    alone = parse(payload("personal_message", text=text))
    assert isinstance(alone, Command)
    assert alone.place == ""


def test_a_word_typed_in_a_thread_without_a_mention_counts_where_the_thread_is_ours() -> None:
    command = parse(payload("channel_without_mention", text="stop"))
    assert isinstance(command, Command)
    assert command.call == "follows"
    for text in ("help", "enable"):
        follows = payload("channel_without_mention", text=text)
        assert (helped(follows), isinstance(parse(follows), Turn)) == ("", True)


@pytest.mark.parametrize("text", ["help", "/HELP", "ask", "/ask"])
def test_help_is_said_and_nothing_asked(text: str) -> None:
    asked = payload("personal_message", text=text, locale="en-GB")
    assert "`reset`" in helped(asked)
    assert events(asked) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("resett", "I know no `resett`. Did you mean `reset`?"),
        ("Stop!", "I know no `stop!`. Did you mean `stop`?"),
        ("/hlep", "I know no `hlep`. Did you mean `help`?"),
        ("/xyzzy", "I know no `xyzzy`. A question has more than one word."),
        ("templates", "`templates` is not there yet."),
        ("quota", "`quota` is not there yet."),
    ],
)
def test_a_word_that_is_no_command_is_helped(text: str, line: str) -> None:
    asked = payload("personal_message", text=text, locale="en-GB")
    assert helped(asked).startswith(line)
    assert events(asked) == []


@pytest.mark.parametrize("text", ["Hello", "Danke", "Urlaub?", "VPN", "help me with my VPN", "why?", "why not today"])
def test_a_word_that_is_like_no_command_is_a_question(text: str) -> None:
    asked = payload("personal_message", text=text)
    assert helped(asked) == ""
    assert isinstance(parse(asked), Turn)


def test_the_word_ask_is_no_part_of_the_question() -> None:
    for text in ("ask how many days?", "/Ask how many days?"):
        turn = parse(payload("personal_message", text=text))
        assert isinstance(turn, Turn)
        assert turn.text == "how many days?"


def _verdicts(activity: dict[str, Any]) -> list[Feedback]:
    found = events(activity)
    assert all(isinstance(one, Feedback) for one in found)
    return [one for one in found if isinstance(one, Feedback)]


def _feedback(said: object) -> dict[str, Any]:
    return payload("feedback_like", value={"actionName": "feedback", "actionValue": said})


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
        "card_execute",
        "feedback_form",
        "feedback_of_form",
        "personal_file",
        "personal_quote",
    ],
)
def test_nonsense_is_malformed_or_nothing_but_never_a_crash(name: str) -> None:
    for key, value in itertools.product(payload(name), NONSENSE):
        with contextlib.suppress(Malformed):
            events(payload(name, **{key: value}))
            helped(payload(name, **{key: value}))
