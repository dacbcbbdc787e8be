"""The words that command us: told from questions, and helped along where they are mistyped."""

import pytest

from bot.verbs import HERE, LATER, Said, nearest, offered, said


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("", Said("help")),
        ("help", Said("help")),
        ("Help me", Said("help", "me")),
        ("STOP", Said("stop")),
        ("reset", Said("reset")),
        ("stop it", Said("ask", "stop it")),
        ("ask how many days?", Said("ask", "how many days?")),
        ("Ask", Said("word", "ask")),
        ("enable", Said("enable")),
        ("enable questions", Said("enable", "questions")),
        ("enable scope hr travel", Said("enable", "scope hr travel")),
        ("enable the VPN on my phone", Said("ask", "enable the VPN on my phone")),
        ("disable", Said("disable")),
        ("disable it", Said("ask", "disable it")),
        ("quota", Said("word", "quota")),
        ("Forget-me", Said("errand", "forget-me")),
        ("forget-me nots bloom when?", Said("ask", "forget-me nots bloom when?")),
        ("delete-doc hr/pay bands.md", Said("errand", "delete-doc hr/pay bands.md")),
        ("delete-doc", Said("word", "delete-doc")),
        ("how many days?", Said("ask", "how many days?")),
    ],
)
def test_a_text_that_begins_with_no_command_is_a_question(text: str, meant: Said) -> None:
    assert said(text) == meant


def test_a_mistyped_word_is_offered_what_it_may_have_meant() -> None:
    assert nearest("resett") == ["reset"]
    assert offered("resett", "/hausgeist {verb}") == "I know no `resett`. Did you mean `/hausgeist reset`?"
    assert offered("xyzzy") == "I know no `xyzzy`. A question has more than one word."
    assert offered("<!here>").startswith("I know no `&lt;!here>`.")
    assert offered("x" * 99) == f"I know no `{'x' * 40}`. A question has more than one word."


def test_what_is_to_come_is_said_to_be_in_each_language() -> None:
    assert not set(HERE) & set(LATER)
    assert [offered("quota", language="de"), offered("stpo", language="fr")] == [
        "`quota` gibt es noch nicht.",
        "Je ne connais pas `stpo`. Vouliez-vous dire `stop` ?",
    ]
