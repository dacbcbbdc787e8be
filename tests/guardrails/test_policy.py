"""What is hidden where, and how an operator changes it."""

import pytest

from guardrails.masking import Span, Vault
from guardrails.pii import Guard
from guardrails.policy import STANDARD, Action, Policy, Rule, Stage

NAME, SECRET, IBAN = Span(0, 1, "PERSON"), Span(0, 1, "SECRET"), Span(0, 1, "IBAN_CODE")


def test_names_may_be_searched_and_are_hidden_wherever_they_leave_or_stay() -> None:
    hidden = {stage for stage in Stage if STANDARD.concerns(NAME, stage)}
    assert hidden == {Stage.MODEL, Stage.OUTSIDE, Stage.KEPT}


def test_numbers_of_people_are_not_even_searched_and_secrets_are_hidden_everywhere() -> None:
    assert STANDARD.concerns(IBAN, Stage.SEARCH)
    assert all(STANDARD.concerns(SECRET, stage) for stage in Stage)
    assert STANDARD.blocked([SECRET, IBAN], *Stage) == ("SECRET",)
    assert STANDARD.blocked([SECRET], Stage.DOCUMENTS, Stage.KEPT) == ()


def test_what_leaves_the_house_holds_nothing_that_a_message_may_not_hold() -> None:
    for kind, actions in STANDARD.table().items():
        assert (actions[Stage.OUTSIDE] is Action.ALLOW) == (actions[Stage.KEPT] is Action.ALLOW), kind


def test_an_operator_changes_one_kind_everywhere_or_at_one_stage() -> None:
    changed = STANDARD.changed("PERSON@model=allow, CH_UID=allow IBAN_CODE=block")
    table = changed.table()
    assert table["PERSON"] == STANDARD.table()["PERSON"] | {Stage.MODEL: Action.ALLOW}
    assert set(table["CH_UID"].values()) == {Action.ALLOW}
    assert changed.blocked([IBAN]) == ("IBAN_CODE",)
    assert not changed.alike(Stage.KEPT, Stage.MODEL)
    assert STANDARD.alike(Stage.KEPT, Stage.MODEL)
    assert STANDARD.changed("") == STANDARD


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ("PERSONS=allow", "with a kind of PERSON, "),
        ("PERSON", "KIND=ACTION"),
        ("PERSON=permit", "none of allow, mask, block"),
        ("PERSON@logs=allow", "none of search, model, documents, outside, kept"),
        ("PERSON@telemetry=allow", "none of search"),
    ],
)
def test_a_wrong_change_is_refused_with_the_reason(entry: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        STANDARD.changed(f"CH_UID=allow,{entry}")


def test_an_unsure_finding_is_left_alone_and_an_unknown_kind_is_masked() -> None:
    policy = Policy({"PERSON": Rule(Action.BLOCK, least=0.8)})
    assert not policy.concerns(Span(0, 1, "PERSON", 0.7))
    assert policy.blocked([Span(0, 1, "PERSON", 0.7)]) == ()
    assert policy.concerns(Span(0, 1, "HOUSE_BADGE", 0.5))


async def test_one_text_is_masked_as_each_stage_demands(guard: Guard) -> None:
    text, vault = "Anna Keller pays from CH93 0076 2011 6238 5295 7.", Vault()
    found = await guard.detect(text)
    shown = {stage: guard.judged(text, found, vault, stage).text for stage in Stage}
    assert shown[Stage.DOCUMENTS] != text  # the conversation knows both by now
    assert guard.judged(text, found, Vault(), Stage.DOCUMENTS).text == text
    assert shown[Stage.SEARCH] == "Anna Keller pays from <IBAN_CODE_1>."
    assert shown[Stage.MODEL] == shown[Stage.KEPT] == "<PERSON_1> pays from <IBAN_CODE_1>."
