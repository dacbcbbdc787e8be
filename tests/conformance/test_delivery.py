"""Deliveries that come again, replicas that go, platforms that are away: one answer, always."""

from tests.bot.house import until
from tests.bot.knowing import HOTEL, LEAVE
from tests.conformance.surface import REGENERATE, STOP, Surface


async def test_four_deliveries_of_a_private_question_are_answered_once(surface: Surface) -> None:
    surface.redelivers(4)
    await surface.answer(await surface.anna.writes(HOTEL))
    assert len(surface.model.asked) == 1


async def test_four_deliveries_of_a_mention_are_answered_once(surface: Surface) -> None:
    surface.redelivers(4)
    await surface.answer(await surface.anna.mentions(HOTEL))
    assert len(surface.model.asked) == 1


async def test_a_button_that_is_pressed_twice_at_once_makes_one_new_answer(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    answer = await surface.answer(asked)
    surface.model.patience.clear()
    await surface.anna.presses(answer, REGENERATE)
    await until(lambda: len(surface.model.asked) == 2)
    await surface.anna.presses(answer, REGENERATE)
    surface.model.patience.set()
    await surface.answer(asked)
    assert len(surface.model.asked) == 2


async def test_two_replicas_give_one_answer(two_replicas: Surface) -> None:
    two_replicas.redelivers(4)
    asked = [await two_replicas.anna.mentions(HOTEL), await two_replicas.beat.mentions(LEAVE)]
    for question in asked:
        await two_replicas.answer(question)
    assert len(two_replicas.model.asked) == 2


async def test_of_two_replicas_one_dies_and_one_answer_stands_there(two_replicas: Surface) -> None:
    two_replicas.model.patience.clear()
    asked = await two_replicas.anna.mentions(HOTEL)
    await until(lambda: two_replicas.model.asked)
    await two_replicas.until_read(two_replicas.anna, asked, "documents …")
    await two_replicas.dies()
    two_replicas.model.patience.set()
    assert ["EUR 180" in answer.text for answer in await two_replicas.answers(asked)] == [True]
    assert len(two_replicas.model.asked) == 2


async def test_while_the_platform_is_away_the_answer_waits(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    surface.is_away(3)
    surface.model.patience.set()
    assert "EUR 180" in (await surface.answer(asked)).text


async def test_who_waits_is_told_how_many_come_first_and_may_stop_it(surface: Surface) -> None:
    surface.model.patience.clear()
    for someone in (surface.anna, surface.anna, surface.anna, surface.beat):
        await someone.mentions(HOTEL)
    await until(lambda: len(surface.model.asked) == 4)
    asked = await surface.beat.mentions(LEAVE)
    waiting = await surface.until_read(surface.beat, asked, "waiting, ")
    assert STOP in waiting.buttons
    surface.model.patience.set()
    answer = await surface.answer(asked)
    assert "25 days" in answer.text
    assert answer.ids[0] == waiting.ids[0]
