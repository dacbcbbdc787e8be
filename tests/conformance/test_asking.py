"""What is asked, and answered: from documents, with sources, or with the reason why not."""

import pytest

from tests.bot.house import until
from tests.bot.knowing import HOTEL, LEAVE, LEFT, LONG, MORE, SAID, WORDS
from tests.conformance.surface import AGAIN, PERSON, REGENERATE, SHARE, SOURCE, Surface


async def test_a_private_question_gets_one_answer_with_its_source(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.writes(HOTEL))
    assert answer.text.count(SAID.removesuffix(" [1]")) == 1
    for word in ("Travel", "Ann", "2026-01-05"):
        assert word in answer.text
    assert {REGENERATE, SOURCE, PERSON} <= answer.buttons
    assert await surface.all_said() == []


async def test_a_mention_is_answered_in_its_thread_and_nowhere_else(surface: Surface) -> None:
    asked, other = await surface.anna.mentions(HOTEL), await surface.beat.says("Lunch at noon.")
    answer = await surface.answer(asked)
    assert "EUR 180" in answer.text
    assert await surface.reads(surface.beat, other) == []
    assert [shown.ids for shown in await surface.all_said()] == [answer.ids]


async def test_a_follow_up_knows_what_was_said_before(surface: Surface) -> None:
    asked = await surface.anna.writes(HOTEL)
    await surface.answer(asked)
    await surface.anna.follows(LEAVE, asked)
    first, second = await surface.answers(asked)
    assert ("EUR 180" in first.text, "25 days" in second.text) == (True, True)
    assert HOTEL in [message.text for message in surface.model.asked[-1].history]


async def test_personal_data_is_hidden_from_the_model_and_that_is_said(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.writes(f"{HOTEL} Tell eva.muster@firm.example."))
    assert "e-mail address" in answer.text
    assert "eva.muster" not in surface.model.asked[0].question


async def test_who_asks_in_german_is_answered_in_german(surface: Surface) -> None:
    answer = await surface.answer(await surface.anna.writes("Wer hat gestern das Spiel gewonnen?"))
    assert "In den Dokumenten" in answer.text


async def test_what_the_documents_do_not_hold_is_refused(surface: Surface) -> None:
    surface.model.draft = "NO ANSWER"
    answer = await surface.answer(await surface.anna.writes("How much may a hotel in Oslo cost?"))
    assert "I found nothing in the documents" in answer.text
    assert SOURCE not in answer.buttons


async def test_while_the_model_is_away_there_are_the_best_passages_and_a_button_to_ask_again(surface: Surface) -> None:
    surface.model.down = 0
    asked = await surface.anna.mentions(HOTEL)
    makeshift = await surface.answer(asked)
    assert "EUR 180" in makeshift.text
    surface.model.down = None
    await surface.anna.presses(makeshift, AGAIN)
    again = await surface.answer(asked)
    assert REGENERATE in again.buttons


async def test_an_error_has_an_id_to_quote_and_a_button_to_ask_again(surface: Surface) -> None:
    surface.model.draft, surface.model.down = MORE, 12
    asked = await surface.anna.mentions(HOTEL)
    await surface.idle()
    [failure] = await surface.reads(surface.anna, asked)
    assert "quote" in failure.text
    assert not failure.thumbs
    surface.model.down = None
    await surface.anna.presses(failure, AGAIN)
    assert "travel desk" in (await surface.answer(asked)).text


async def test_an_error_that_comes_again_stands_there_once(surface: Surface) -> None:
    surface.model.draft, surface.model.down = MORE, 12
    asked = await surface.anna.mentions(HOTEL)
    await surface.idle()
    [first] = await surface.reads(surface.anna, asked)
    await surface.anna.presses(first, AGAIN)
    await until(lambda: len(surface.model.asked) == 2)
    await surface.idle()
    [second] = await surface.reads(surface.anna, asked)
    assert second.text != first.text  # its id is another
    assert AGAIN in second.buttons


async def test_a_new_answer_that_fails_leaves_the_old_one(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    answer = await surface.answer(asked)
    surface.model.draft, surface.model.down = MORE, 12
    await surface.anna.presses(answer, REGENERATE)
    await until(lambda: len(surface.model.asked) == 2)
    assert [one.text for one in await surface.answers(asked)] == [answer.text]
    await surface.until_read(surface.anna, asked, "quote")


@pytest.mark.timeout(60)
async def test_a_long_answer_comes_in_parts_of_which_nothing_is_lost(surface: Surface) -> None:
    surface.model.draft = LONG
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    assert len(answer.ids) > 1
    assert [word for word in WORDS if answer.text.count(f"says {word}.") != 1] == []


async def test_nobody_is_called_by_what_a_document_says(surface: Surface) -> None:
    surface.model.draft = "Ask <!channel>, <at>Everyone</at> and @here: a hotel in Paris may cost EUR 180 a night. [1]"
    answer = await surface.answer(await surface.anna.mentions(HOTEL))
    assert "EUR 180" in answer.text
    assert answer.calls == ()


async def test_a_guest_gets_a_friendly_no(surface: Surface) -> None:
    asked = await surface.guest.mentions(HOTEL)
    await surface.idle()
    [told] = await surface.reads(surface.guest, asked)
    assert "no guests" in told.text
    assert surface.model.asked == []


async def test_a_message_of_a_bot_is_no_question(surface: Surface) -> None:
    asked = await surface.robot.mentions(HOTEL)
    await surface.idle()
    assert await surface.reads(surface.anna, asked) == []
    assert surface.model.asked == []


async def test_a_question_about_a_message_is_answered_to_its_asker_alone(surface: Surface) -> None:
    said = await surface.beat.says("I am off to Paris, the hotel costs EUR 170.")
    await surface.anna.asks_about(said, HOTEL)
    [answer] = await surface.anna.apart()
    assert "EUR 180" in answer.text
    assert "EUR 170" in surface.model.asked[0].question
    assert await surface.all_said() == []


async def test_an_answer_for_one_person_is_shared_with_all_who_read_the_channel(surface: Surface) -> None:
    await surface.anna.asks_apart(HOTEL)
    answer = next(shown for shown in await surface.anna.apart() if "EUR 180" in shown.text)
    assert (await surface.beat.apart(), await surface.all_said()) == ([], [])
    await surface.anna.presses(answer, SHARE)
    await surface.idle()
    [shared] = await surface.all_said()
    assert "EUR 180" in shared.text
    assert "shared by" in shared.text
    assert shared.thumbs


async def test_two_who_ask_at_once_get_an_answer_each(surface: Surface) -> None:
    hotel, leave = await surface.anna.mentions(HOTEL), await surface.beat.mentions(LEAVE)
    assert "EUR 180" in (await surface.answer(hotel)).text
    assert LEFT.removesuffix(" [1]") in (await surface.answer(leave)).text
