"""The words around an answer exist in each language."""

import pytest

from bot.kinds import HIDDEN, KINDS, hidden, kinds
from bot.labels import AGAIN, ANEW, CHANGED, QUOTE, SOURCES, STOP
from bot.language import LANGUAGE_NAMES, Language
from guardrails.masking import LITERAL
from guardrails.policy import STANDARD, Action


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_whatever_is_hidden_or_blocked_has_words(language: Language) -> None:
    concerned = {kind for kind, row in STANDARD.table().items() if set(row.values()) != {Action.ALLOW}}
    assert set(KINDS[language]) == concerned | {LITERAL}
    assert SOURCES[language] and HIDDEN[language].count("{kinds}") == 1


@pytest.mark.parametrize("language", LANGUAGE_NAMES)
def test_buttons_have_words_that_fit_them(language: Language) -> None:
    assert all(0 < len(words[language]) <= 40 for words in (STOP, AGAIN, ANEW))
    assert len(set(STOP.values())) == len(LANGUAGE_NAMES)  # a pressed one tells its language
    assert CHANGED[language]
    assert QUOTE[language].count("`{id}`") == 1


def test_what_was_hidden_is_said_in_the_language_of_the_answer() -> None:
    masked = ("PERSON", "EMAIL_ADDRESS", "CH_AHV")
    assert kinds(masked, "en") == "name, e-mail address, AHV number"
    assert hidden(masked, "de") == "Vor dem Modell verborgen: Name, E-Mail-Adresse, AHV-Nummer"
    assert hidden(masked, "fr") == "Caché au modèle : nom, adresse e-mail, numéro AVS"
    assert hidden((), "en") == ""


def test_a_kind_without_words_is_called_what_it_is_called() -> None:
    assert kinds(("HOUSE_BADGE", "{0}"), "fr") == "house badge, {0}"
