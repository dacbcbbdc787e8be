"""What people do to a question once it is sent: they change it, delete it, have it answered anew."""

from tests.bot.house import until
from tests.bot.knowing import HOTEL, LEAVE, LONG, MORE, SAID
from tests.conformance.surface import ANEW, REGENERATE, Surface


async def test_a_question_that_is_changed_while_it_waits_is_answered_as_changed(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    waiting = await surface.anna.mentions("How are trains booked?", asked)
    await surface.anna.edits(waiting, LEAVE)
    surface.model.patience.set()
    _, second = await surface.answers(asked)
    assert "25 days" in second.text
    assert not any("trains" in prompt.question for prompt in surface.model.asked)


async def test_a_question_that_is_changed_while_it_is_answered_has_one_answer(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    await surface.anna.edits(asked, LEAVE)
    surface.model.patience.set()
    assert len(await surface.answers(asked)) == 1


async def test_a_question_that_is_changed_after_its_answer_is_offered_a_new_one(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.anna.edits(asked, LEAVE)
    offer = await surface.until_read(surface.anna, asked, ANEW)
    await surface.anna.presses(offer, ANEW)
    answers = await surface.answers(asked)
    assert ["25 days" in answer.text for answer in answers] == [False, True]


async def test_a_deleted_question_is_forgotten_with_its_answer(surface: Surface) -> None:
    asked = await surface.anna.mentions("How are trains booked?")
    await surface.answers(asked)
    deleted = await surface.anna.follows(HOTEL, asked)
    await surface.answers(asked)
    await surface.anna.deletes(deleted)
    await surface.anna.follows(LEAVE, asked)
    await surface.answers(asked)
    said = [message.text for message in surface.model.asked[-1].history]
    assert ("How are trains booked?" in said, HOTEL in said) == (True, False)


async def test_a_question_that_is_deleted_while_it_is_answered_gets_no_answer(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.writes(HOTEL)
    await until(lambda: surface.model.asked)
    await surface.anna.deletes(asked)
    await surface.idle()
    assert not any("EUR 180" in shown.text for shown in await surface.reads(surface.anna, asked))


async def test_a_new_answer_takes_the_place_of_the_old_one(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    answer = await surface.answer(asked)
    surface.model.draft = f"{SAID} No more."
    await surface.anna.presses(answer, REGENERATE)
    again = await surface.answer(asked)
    assert "No more." in again.text
    assert again.ids == answer.ids
    assert len(surface.model.asked) == 2


async def test_a_short_new_answer_leaves_nothing_of_a_long_old_one(surface: Surface) -> None:
    surface.model.draft = LONG
    asked = await surface.anna.mentions(HOTEL)
    long = await surface.answer(asked)
    surface.model.draft = MORE
    await surface.anna.presses(long, REGENERATE)
    again = await surface.answer(asked)
    assert again.text.count("EUR 180") == 1
    assert set(again.ids) < set(long.ids)


async def test_an_answer_is_made_anew_for_its_person_alone(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    answer = await surface.answer(asked)
    await surface.beat.presses(answer, REGENERATE)
    await surface.until_told(surface.beat, "Only the person who asked")
    assert len(surface.model.asked) == 1
