"""The Home tab and the forms: within Slack's limits, in three languages, and read back whatever comes."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slack_sdk.models.views import View

from adapters.slack_commands import ASK, QUESTION_FORM, REASONS_FORM
from adapters.slack_views import home, question_form, reasons_form, submitted_question, submitted_reasons
from bot.events import REASONS
from bot.language import LANGUAGE_NAMES
from tests.slack.limits import view_faults

unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
languages = st.sampled_from(list(LANGUAGE_NAMES))


def _objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    names = ["state", "values", "question", "reason", "document", "comment", "selected_option", "value"]
    return st.dictionaries(st.sampled_from(names), inner)


texts = st.builds(lambda text, times: text * times, st.text(), st.integers(0, 5_000))
json = st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | _objects(inner))


@pytest.mark.timeout(60)
@unhurried
@given(st.text(max_size=20) | st.just("U0ANNA"), languages, st.lists(texts, max_size=120), texts)
def test_slack_takes_every_home_tab(person: str, language: Any, examples: list[str], note: str) -> None:
    view = home(person, language, examples, note)
    assert _faults(view) == []
    asked = [button["value"] for button in _buttons(view)]
    assert asked[0] == "-"
    assert all(any(example.startswith(question) for example in examples) for question in asked[1:])


@pytest.mark.timeout(60)
@unhurried
@given(languages, texts, texts, st.text(max_size=3_000))
def test_slack_takes_every_form_for_a_question(language: Any, question: str, quoted: str, metadata: str) -> None:
    assert _faults(question_form(language, question, quoted, metadata)) == []


@pytest.mark.timeout(60)
@unhurried
@given(
    languages,
    st.text(max_size=3_000),
    st.lists(st.tuples(texts, texts), max_size=20) | st.just([(str(n), "") for n in range(150)]),
    st.text(),
)
def test_slack_takes_every_form_for_reasons(language: Any, metadata: str, sources: Any, chosen: str) -> None:
    assert _faults(reasons_form(language, metadata, sources, chosen)) == []


def test_home_greets_and_offers_questions() -> None:
    view = home("U0ANNA", "de", ["Wie viele Ferientage habe ich?"], bot="U0GEIST")
    shown = str(view.to_dict())
    assert "Guten Tag, <@U0ANNA>! Ich beantworte Fragen" in shown
    assert "<@U0GEIST> und Ihre Frage" in shown
    assert [button["value"] for button in _buttons(view)] == ["-", "Wie viele Ferientage habe ich?"]


def test_a_form_begins_with_what_is_known() -> None:
    view = question_form("en", "Is this true?", "x" * 3_000, "m").to_dict()
    assert view["callback_id"] == QUESTION_FORM
    assert view["private_metadata"] == "m"
    assert "Only the beginning is shown." in str(view)
    [asked] = [block for block in view["blocks"] if block["type"] == "input"]
    assert asked["element"]["initial_value"] == "Is this true?"


def test_a_wrong_source_is_chosen_already() -> None:
    view = reasons_form("en", "m", [("hr/holidays.md", "Holidays")], "wrong source").to_dict()
    assert view["callback_id"] == REASONS_FORM
    reason, document, _ = (block["element"] for block in view["blocks"])
    assert [option["value"] for option in reason["options"]] == list(REASONS)
    assert reason["initial_option"]["value"] == "wrong source"
    assert document["initial_option"]["value"] == "hr/holidays.md"


def test_forms_are_read() -> None:
    values = {
        "question": {"question": {"type": "plain_text_input", "value": " How many? "}},
        "reason": {"reason": {"selected_option": {"value": "outdated"}}},
        "document": {"document": {"selected_option": {"value": "hr/holidays.md"}}},
        "comment": {"comment": {"value": "It is 30."}},
    }
    view = {"state": {"values": values}}
    assert submitted_question(view) == "How many?"
    assert submitted_reasons(view) == ("outdated", "hr/holidays.md", "It is 30.")


@pytest.mark.timeout(60)
@unhurried
@given(_objects(json))
def test_forms_of_any_shape_are_read(view: dict[str, Any]) -> None:
    assert isinstance(submitted_question(view), str)
    assert submitted_reasons(view)[0] in {"", *REASONS}


def _faults(view: View) -> list[str]:
    return list(view_faults(view.to_dict()))  # which the SDK checks as well


def _buttons(view: View) -> list[dict[str, Any]]:
    rows = [block["elements"] for block in view.to_dict()["blocks"] if block["type"] == "actions"]
    return [button for row in rows for button in row if button["action_id"] == ASK]
