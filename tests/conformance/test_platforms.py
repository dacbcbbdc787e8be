"""What only some platforms can do; `differences.py` says what happens on the others."""

from tests.bot.knowing import HOTEL, LEAVE, MORE
from tests.conformance.differences import differs
from tests.conformance.surface import ANEW, Surface


@differs
async def test_what_one_person_is_told_others_do_not_read(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.anna.edits(asked, LEAVE)
    await surface.until_read(surface.anna, asked, ANEW)
    assert not any(ANEW in shown.buttons for shown in await surface.reads(surface.beat, asked))


@differs
async def test_an_answer_in_a_channel_can_be_read_while_it_is_written(surface: Surface) -> None:
    surface.model.draft, surface.model.pause = MORE, 14
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    growing = await surface.until_read(surface.beat, asked, "EUR 180")
    assert "travel desk" not in growing.text
    surface.model.patience.set()
    answer = await surface.answer(asked)
    assert (answer.ids[0], answer.text.count("EUR 180")) == (growing.ids[0], 1)


async def test_a_private_answer_can_be_read_while_it_is_written(surface: Surface) -> None:
    surface.model.draft, surface.model.pause = MORE, 14
    surface.model.patience.clear()
    asked = await surface.anna.writes(HOTEL)
    growing = await surface.until_read(surface.anna, asked, "EUR 180")
    assert "travel desk" not in growing.text
    surface.model.patience.set()
    answer = await surface.answer(asked)
    assert answer.text.count("EUR 180") == 1


@differs
async def test_an_answer_for_one_person_stands_where_it_was_asked(surface: Surface) -> None:
    said = await surface.beat.says("Lunch at noon.")
    await surface.anna.asks_apart(HOTEL)
    assert {shown.place for shown in await surface.anna.apart()} == {said.place}


@differs
async def test_an_answer_for_one_person_can_be_judged(surface: Surface) -> None:
    await surface.anna.asks_apart(HOTEL)
    [answer] = await surface.anna.apart()
    await surface.anna.judges(answer, "up")
    assert await surface.verdicts() == {"anna": "up"}


@differs
async def test_an_answer_is_labelled_as_made_by_a_machine(surface: Surface) -> None:
    assert (await surface.answer(await surface.anna.writes(HOTEL))).labelled


@differs
async def test_a_file_in_a_channel_is_read(surface: Surface) -> None:
    surface.model.draft = "The trip to Oslo costs EUR 900. [1]"
    content, question = b"The trip to Oslo costs EUR 900.", "How much is the trip to Oslo?"
    answer = await surface.answer(await surface.anna.attaches("trip.txt", content, question, openly=True))
    assert "EUR 900" in answer.text


@differs
async def test_documents_are_found_for_a_message_of_ones_own(surface: Surface) -> None:
    [found, *_] = await surface.anna.finds("hotel Paris")
    for word in ("Travel", "Ann", "EUR 180"):
        assert word in found
    assert not any("137000" in one for one in await surface.anna.finds("maximum salary at level 5"))


@differs
async def test_who_opens_us_finds_questions_to_begin_with(surface: Surface) -> None:
    question, *_ = await surface.anna.opens()
    assert "25 days" in (await surface.answer(await surface.anna.writes(question))).text
