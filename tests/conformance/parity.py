"""What people can do on each platform, by the stories that show it; written into docs/parity.md by running this.

A new story is named in a row here, else `test_parity.py` fails.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conformance.differences import DIFFERENCES, NAMES
from tests.conformance.surface import PLATFORMS

PAGE: Final = Path(__file__).parents[2] / "docs" / "parity.md"


@dataclass(frozen=True, slots=True)
class Capability:
    """Something people can do, how on each platform, and the stories of it, without `test_`."""

    what: str
    slack: str
    teams: str
    stories: str


CAPABILITIES: Final = (
    Capability(
        "ask in private, follow up",
        "direct message, Slack's pane",
        "personal chat",
        "a_private_question_gets_one_answer_with_its_source a_follow_up_knows_what_was_said_before "
        "who_asks_in_german_is_answered_in_german what_the_documents_do_not_hold_is_refused "
        "a_private_answer_can_be_read_while_it_is_written",
    ),
    Capability(
        "ask in a channel",
        "mention; answered in its thread",
        "mention; answered in its thread",
        "a_mention_is_answered_in_its_thread_and_nowhere_else an_answer_in_a_channel_can_be_read_while_it_is_written "
        "mentioned_in_the_thread_of_others_we_answer_that_once",
    ),
    Capability(
        "go on there without a mention",
        "yes, where the app was invited",
        "yes, where the team's owner consents (RSC)",
        "in_our_thread_a_question_needs_no_mention in_the_threads_of_others_we_never_speak thanks_want_no_answer "
        "what_is_said_to_a_colleague_in_our_thread_is_theirs "
        "where_we_are_told_of_mentions_alone_those_are_answered",
    ),
    Capability(
        "be answered unasked, where admins say so",
        "`/hausgeist enable`",
        "`enable`, with a mention; needs that consent",
        "without_a_mention_we_are_silent_by_default "
        "where_an_admin_said_so_questions_are_answered_without_a_mention "
        "where_we_shall_be_sure_we_are_silent_otherwise only_admins_change_a_channel "
        "a_guest_who_asked_nobody_is_told_nothing",
    ),
    Capability(
        "write in bits, or several at once",
        "one's own bits are answered together",
        "one's own bits are answered together",
        "what_one_person_writes_while_we_answer_is_answered_together "
        "what_two_people_write_while_we_answer_is_told_apart of_a_burst_nothing_is_lost "
        "two_who_ask_at_once_get_an_answer_each",
    ),
    Capability(
        "change or delete a question",
        "a new answer is offered; erased",
        "a new answer is offered; erased",
        "a_question_that_is_changed_while_it_waits_is_answered_as_changed "
        "a_question_that_is_changed_while_it_is_answered_has_one_answer "
        "a_question_that_is_changed_after_its_answer_is_offered_a_new_one "
        "a_deleted_question_is_forgotten_with_its_answer "
        "a_question_that_is_deleted_while_it_is_answered_gets_no_answer",
    ),
    Capability(
        "have it answered anew",
        "in the same messages",
        "in the same messages",
        "a_new_answer_takes_the_place_of_the_old_one a_short_new_answer_leaves_nothing_of_a_long_old_one "
        "an_answer_is_made_anew_for_its_person_alone",
    ),
    Capability(
        "read long answers, sources, labels",
        "parts below 8,000 characters; list of sources",
        "parts below 100 KB; list, and native citations",
        "a_long_answer_comes_in_parts_of_which_nothing_is_lost an_answer_is_labelled_as_made_by_a_machine",
    ),
    Capability(
        "judge an answer",
        "thumbs with reasons, emoji",
        "thumbs with reasons, emoji",
        "a_thumb_is_kept_changed_and_counted_once an_emoji_is_kept_changed_and_taken_back "
        "thumb_and_emoji_are_one_verdict who_finds_an_answer_bad_is_asked_why_and_it_is_kept_masked "
        "a_wrong_source_is_named what_stands_under_a_persons_message_is_no_verdict",
    ),
    Capability("hand it to a person", "button", "button", "a_person_is_asked"),
    Capability(
        "ask for oneself, share the answer",
        "slash command, menu of a message",
        "message extension, menu of a message",
        "a_question_about_a_message_is_answered_to_its_asker_alone "
        "an_answer_for_one_person_is_shared_with_all_who_read_the_channel "
        "an_answer_for_one_person_stands_where_it_was_asked an_answer_for_one_person_can_be_judged "
        "documents_are_found_for_a_message_of_ones_own",
    ),
    Capability(
        "give commands",
        "`/hausgeist VERB`; `stop` and `reset` also typed",
        "`VERB` typed, in channels with a mention",
        "reset_forgets_the_conversation help_says_what_there_is a_mistyped_command_is_offered_the_nearest "
        "a_command_that_is_not_there_yet_is_said_to_be_so a_question_that_begins_like_a_command_is_a_question "
        "what_one_person_is_told_others_do_not_read who_opens_us_finds_questions_to_begin_with",
    ),
    Capability(
        "stop an answer",
        "typed; Slack's stop, or a button",
        "typed; Teams' stop, or a button",
        "a_word_stops_the_answer a_press_stops_the_answer stop_where_nothing_runs_is_said_to_be_so",
    ),
    Capability(
        "send files with a question",
        "anywhere",
        "in the personal chat",
        "a_file_is_read_with_the_question a_file_that_cannot_be_read_is_named a_file_that_is_too_large_is_named "
        "a_file_in_a_channel_is_read",
    ),
    Capability(
        "hand in documents, as an admin",
        "`add-doc` with files, in a direct message",
        "`add-doc` with files, in the personal chat",
        "a_file_that_an_admin_sends_becomes_a_document a_file_of_the_same_name_takes_its_place_also_for_whom "
        "a_file_that_cannot_be_a_document_is_said_to_be_none only_admins_add_documents "
        "a_document_that_was_sent_is_deleted_for_good",
    ),
    Capability(
        "be safe",
        "data masked; no guests, no bots; nobody called",
        "data masked; no guests, no bots; nobody called",
        "personal_data_is_hidden_from_the_model_and_that_is_said nobody_is_called_by_what_a_document_says "
        "a_guest_gets_a_friendly_no a_message_of_a_bot_is_no_question "
        "a_name_is_hidden_from_the_model_and_comes_back_in_the_answer a_password_is_refused_and_named "
        "what_one_conversation_hid_does_not_come_back_in_another the_name_of_a_file_is_hidden_from_the_model",
    ),
    Capability(
        "be told what fails, and wait",
        "best passages, an id to quote, ask again",
        "best passages, an id to quote, ask again",
        "while_the_model_is_away_there_are_the_best_passages_and_a_button_to_ask_again "
        "an_error_has_an_id_to_quote_and_a_button_to_ask_again an_error_that_comes_again_stands_there_once "
        "a_new_answer_that_fails_leaves_the_old_one "
        "who_waits_is_told_how_many_come_first_and_may_stop_it while_the_platform_is_away_the_answer_waits",
    ),
    Capability(
        "get one answer, whatever happens",
        "redelivery, crashes, replicas",
        "redelivery, crashes, replicas",
        "four_deliveries_of_a_private_question_are_answered_once four_deliveries_of_a_mention_are_answered_once "
        "a_button_that_is_pressed_twice_at_once_makes_one_new_answer two_replicas_give_one_answer "
        "of_two_replicas_one_dies_and_one_answer_stands_there",
    ),
)


def capabilities() -> Iterator[str]:
    """The table of what people can do."""
    yield "| people can | Slack | Teams | stories |"
    yield "|---|---|---|---|"
    for one in CAPABILITIES:
        yield f"| {one.what} | {one.slack} | {one.teams} | {len(one.stories.split())} |"
    total = sum(len(one.stories.split()) for one in CAPABILITIES)
    differing = {name: len([one for one in DIFFERENCES if one.platform == name]) for name in PLATFORMS}
    told = " | ".join(f"{total - differing[name]}, {differing[name]} otherwise" for name in PLATFORMS)
    yield f"| **stories told** | {told} | **{total}** |"


def differences() -> Iterator[str]:
    """The table of what differs."""
    yield "| there is no | on | instead | because |"
    yield "|---|---|---|---|"
    for one in DIFFERENCES:
        yield f"| {one.what} | {NAMES[one.platform]} | {one.instead} | {one.because} |"


def filled(page: str) -> str:
    """The page with its tables as they must be."""
    for name, table in (("capabilities", capabilities()), ("differences", differences())):
        marks = f"<!-- {name} -->\n", f"<!-- end of {name} -->"
        pattern = re.compile(f"({re.escape(marks[0])}).*?({re.escape(marks[1])})", re.DOTALL)
        lines = "\n".join(table)
        page = pattern.sub(lambda found, lines=lines: f"{found[1]}{lines}\n{found[2]}", page)  # type: ignore[misc]
    return page


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text()))
    sys.stdout.write(f"{PAGE.name} is written\n")
