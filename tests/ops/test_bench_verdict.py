"""The judge of the crash benchmark: what it must not let pass, and what it allows."""

import pytest

from ops.bench.shown import Kind, Posted, Version
from ops.bench.talks import Question, Talk
from ops.bench.verdict import Verdict, judge

DRAFT, ANSWER, TOLD = Kind.DRAFT, Kind.ANSWER, Kind.TOLD


def post(*shown: tuple[Kind, str], again: str = "", deleted: bool = False) -> Posted:
    versions = [Version(at, kind, text, again) for at, (kind, text) in enumerate(shown, 1)]
    return Posted("a:chat-7", "1", versions, deleted_at=9.0 if deleted else 0.0)


def verdict(asked: int, *posts: Posted, slack: bool = False) -> Verdict:
    """On a talk of so many acknowledged questions (Q7-0, Q7-1, …) with these messages in it."""
    questions = [Question(f"Q7-{number}", "U7", float(number), float(number) + 0.5) for number in range(asked)]
    talk = Talk(7, "direct" if slack else "teams", questions)
    return judge([talk], {talk.place: list(posts)})


def test_answers_in_order_are_sound() -> None:
    seen = verdict(3, post((DRAFT, "…"), (ANSWER, "to Q7-0")), post((ANSWER, "to Q7-1 and Q7-2")))
    assert (seen.sound, seen.answered, seen.merged) == (True, 3, 1)


def test_a_question_without_a_word_is_silent_and_with_a_draft_it_is_lost() -> None:
    assert verdict(1).silent == 1
    assert verdict(2, post((ANSWER, "to Q7-0")), post((DRAFT, "Searching …"))).lost == 1


def test_an_answer_in_two_messages_is_twice_even_if_one_was_taken_back() -> None:
    once, again = post((ANSWER, "to Q7-0")), post((ANSWER, "to Q7-0"))
    assert verdict(1, once, again).twice == 1
    assert verdict(1, once, post((ANSWER, "to Q7-0"), deleted=True)).twice == 1
    assert verdict(1, once, post((DRAFT, "to Q7-0 …"), deleted=True)).sound


def test_a_draft_that_stands_beside_its_answer_is_twice() -> None:
    assert verdict(1, post((DRAFT, "to Q7-0 …")), post((ANSWER, "to Q7-0"))).twice == 1


def test_the_second_answer_before_the_first_is_out_of_order() -> None:
    assert verdict(2, post((ANSWER, "to Q7-1")), post((ANSWER, "to Q7-0"))).out_of_order == 1


def test_an_error_speaks_of_the_questions_between_two_answers_and_of_no_others() -> None:
    first, failed, last = post((ANSWER, "to Q7-0")), post((TOLD, "down `0a1b2c3d`"), again="t1"), post((ANSWER, "Q7-2"))
    seen = verdict(3, first, failed, last)
    assert (seen.sound, seen.told, [it.questions[0].mark for it in seen.told_by]) == (True, 1, ["Q7-1"])
    assert verdict(3, failed, first, last).silent == 1
    assert verdict(1, first, failed).twice == 1


def test_passages_without_the_models_help_count_as_told() -> None:
    seen = verdict(1, post((ANSWER, "The best passages: Hotels")))
    assert (seen.sound, seen.told, seen.answered) == (True, 1, 0)


@pytest.mark.parametrize(("slack", "sound"), [(False, True), (True, False)])
def test_an_empty_placeholder_is_allowed_in_teams_alone(slack: bool, sound: bool) -> None:
    seen = verdict(1, post((DRAFT, "…")), post((ANSWER, "to Q7-0")), slack=slack)
    assert (seen.sound, seen.placeholders, seen.unfinished) == (sound, int(sound), int(not sound))


def test_the_story_of_what_went_wrong_names_question_and_messages() -> None:
    story = verdict(2, post((DRAFT, "Searching …"), (ANSWER, "to Q7-0"))).stories[0]
    assert "silent: Q7-1" in story
    assert "answer: to Q7-0" in story
