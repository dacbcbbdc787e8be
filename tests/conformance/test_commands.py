"""The commands that exist, and what becomes of those that do not."""

from tests.bot.house import until
from tests.bot.knowing import HOTEL, LEAVE, MORE
from tests.conformance.surface import Surface


async def test_a_word_stops_the_answer(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    await surface.anna.commands("stop", asked)
    await surface.idle()
    assert any("Stopped." in shown.text for shown in await surface.reads(surface.anna, asked))
    assert not any("EUR 180" in shown.text for shown in await surface.reads(surface.anna, asked))


async def test_a_press_stops_the_answer(surface: Surface) -> None:
    surface.model.draft, surface.model.pause = f"{MORE} {MORE}", 14
    surface.model.patience.clear()
    asked = await surface.anna.writes(HOTEL)
    await until(lambda: surface.model.asked)
    await surface.anna.stops(asked)
    surface.model.pause = 28
    surface.model.patience.set()
    await surface.idle()
    assert len(await surface.reads(surface.anna, asked)) == 1
    assert len(surface.model.asked) == 1


async def test_stop_where_nothing_runs_is_said_to_be_so(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.anna.commands("stop", asked)
    await surface.until_told(surface.anna, "not answering you here")


async def test_reset_forgets_the_conversation(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.anna.commands("reset", asked)
    await surface.until_told(surface.anna, "I have forgotten this conversation")
    await surface.anna.mentions(LEAVE, asked)
    await surface.answers(asked)
    assert surface.model.asked[-1].history == ()


async def test_help_says_what_there_is(surface: Surface) -> None:
    await surface.anna.commands("help")
    told = await surface.until_told(surface.anna, "reset")
    for word in ("stop", "reset", "enable", "disable"):
        assert word in told


async def test_a_mistyped_command_is_offered_the_nearest(surface: Surface) -> None:
    await surface.anna.commands("resett")
    assert "resett" in await surface.until_told(surface.anna, "Did you mean")
    assert surface.model.asked == []


async def test_a_command_that_is_not_there_yet_is_said_to_be_so(surface: Surface) -> None:
    await surface.anna.commands("templates")
    await surface.until_told(surface.anna, "not there yet")
    assert surface.model.asked == []


async def test_a_question_that_begins_like_a_command_is_a_question(surface: Surface) -> None:
    await surface.anna.asks_apart("stop wondering, how much may a hotel in Paris cost?")
    assert any("EUR 180" in shown.text for shown in await surface.anna.apart())
