"""Which lines of a channel ask something."""

import pytest

from bot.questions import MOST_CHARACTERS, asks, only_thanks


@pytest.mark.parametrize(
    "text",
    [
        "How much may a hotel in Paris cost?",
        "how many days of holiday do apprentices have",
        "Hi, where do I book a train",
        "Does anyone know who books the trains",
        "Is there a rule for taxis",
        "Trains are booked at the desk, right?",
        "It says second class (or first?) in the rules",
        "*How much may it cost?*",
        'She asked "how much?" and left',
        "Two lines here:\nWhat may a hotel cost?\nThanks a lot!",
        "Wie viele Tage Urlaub habe ich?",
        "Guten Morgen, wer bucht die Züge",
        "Weiß jemand, wo die Formulare sind",
        "Darf ich im Hotel frühstücken",
        "Hallo! Welches Formular brauche ich",
        "Combien de jours de congé ai-je ?",
        "Bonjour, où est le bureau des voyages",
        "Est-ce que le petit déjeuner est compris",
        "Y a-t-il une règle pour les taxis",
        "Peut-on voyager en première classe",
    ],
)
def test_a_question_is_told_with_its_mark_or_by_how_it_begins(text: str) -> None:
    assert asks(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hotels?",
        "VPN down?",
        "Thanks, that helps a lot.",
        "The hotel in Paris was EUR 180.",
        "I booked the train at the desk",
        "See https://firm.example/search?q=hotel for all of it",
        "Ich habe das Formular schon geschickt.",
        "Danke, das hilft mir sehr!",
        "Somehow this works again, whatever it was.",
        "Morgen bin ich nicht im Büro.",
        "Merci beaucoup, c'est parfait !",
        "Le train de midi est complet.",
        "Quelqu'un a laissé un parapluie ici.",
        "How much? " + "word " * (MOST_CHARACTERS // 5),
    ],
)
def test_a_statement_a_word_and_a_novel_do_not_ask(text: str) -> None:
    assert not asks(text)


@pytest.mark.parametrize(
    "text",
    ["Thanks!", "thank you so much", "Vielen Dank.", "ok, danke dir :tada:", "Merci beaucoup", "👍", ":+1: :8ball:"],
)
def test_thanks_want_no_answer(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text", ["Thanks, and in Germany?", "for apprentices", "okay for guests", "danke für was", "?", "merci de préciser"]
)
def test_what_goes_on_wants_one(text: str) -> None:
    assert not only_thanks(text)
