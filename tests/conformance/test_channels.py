"""Whom we answer where others read along, and how what several people write is told apart."""

from tests.bot.house import until
from tests.bot.knowing import HOTEL, LEAVE
from tests.conformance.surface import Surface


async def test_in_our_thread_a_question_needs_no_mention(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.beat.follows(LEAVE, asked)
    first, second = await surface.answers(asked)
    assert ("EUR 180" in first.text, "25 days" in second.text) == (True, True)


async def test_where_we_are_told_of_mentions_alone_those_are_answered(surface: Surface) -> None:
    surface.hears_mentions_only()
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.beat.follows(LEAVE, asked)
    await surface.answer(asked)
    await surface.beat.mentions(LEAVE, asked)
    assert len(await surface.answers(asked)) == 2


async def test_in_the_threads_of_others_we_never_speak(surface: Surface) -> None:
    said = await surface.anna.says("Lunch at noon?")
    await surface.beat.follows(LEAVE, said)
    assert await surface.answers(said) == []
    assert surface.model.asked == []


async def test_mentioned_in_the_thread_of_others_we_answer_that_once(surface: Surface) -> None:
    said = await surface.anna.says("Lunch at noon?")
    await surface.beat.mentions(HOTEL, said)
    await surface.idle()
    await surface.anna.follows(LEAVE, said)
    assert ["EUR 180" in answer.text for answer in await surface.answers(said)] == [True]


async def test_what_is_said_to_a_colleague_in_our_thread_is_theirs(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    await surface.anna.calls(surface.beat, LEAVE, asked)
    await surface.answer(asked)


async def test_thanks_want_no_answer(surface: Surface) -> None:
    asked = await surface.anna.mentions(HOTEL)
    await surface.answer(asked)
    for words in ("Thanks a lot!", "Vielen Dank, super!", "👍"):
        await surface.anna.follows(words, asked)
    await surface.answer(asked)


async def test_without_a_mention_we_are_silent_by_default(surface: Surface) -> None:
    said = await surface.anna.says(HOTEL)
    await surface.idle()
    assert await surface.reads(surface.anna, said) == []
    assert surface.model.asked == []


async def test_where_an_admin_said_so_questions_are_answered_without_a_mention(surface: Surface) -> None:
    await surface.anna.commands("enable questions")
    await surface.until_told(surface.anna, "also without being mentioned")
    asked, said = await surface.beat.says(HOTEL), await surface.beat.says("The coffee machine works again.")
    assert ["EUR 180" in answer.text for answer in await surface.answers(asked)] == [True]
    assert await surface.answers(said) == []
    await surface.anna.commands("disable")
    await surface.until_told(surface.anna, "when I am mentioned")
    assert await surface.answers(await surface.beat.says(LEAVE)) == []


async def test_where_we_shall_be_sure_we_are_silent_otherwise(surface: Surface) -> None:
    await surface.anna.commands("enable sure")
    await surface.until_told(surface.anna, "when I am not sure")
    surface.model.draft = "NO ANSWER"
    asked = await surface.beat.says("Who knows where the stapler of the third floor went?")
    assert await surface.answers(asked) == []
    surface.model.draft = ""
    assert len(await surface.answers(await surface.beat.says(HOTEL))) == 1


async def test_only_admins_change_a_channel(surface: Surface) -> None:
    await surface.beat.commands("enable questions")
    await surface.until_told(surface.beat, "Only admins")
    assert await surface.answers(await surface.beat.says(HOTEL)) == []


async def test_a_guest_who_asked_nobody_is_told_nothing(surface: Surface) -> None:
    await surface.anna.commands("enable questions")
    await surface.until_told(surface.anna, "also without being mentioned")
    before = len(await surface.all_said())
    await surface.guest.says(HOTEL)
    await surface.idle()
    assert len(await surface.all_said()) == before
    assert surface.model.asked == []


async def test_what_one_person_writes_while_we_answer_is_answered_together(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    for words in ("One more thing.", LEAVE, "And how many have apprentices?"):
        await surface.anna.follows(words, asked)
    surface.model.patience.set()
    assert len(await surface.answers(asked)) == 2
    assert LEAVE in surface.model.asked[1].question
    assert "apprentices" in surface.model.asked[1].question


async def test_what_two_people_write_while_we_answer_is_told_apart(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    await surface.anna.follows(LEAVE, asked)
    await surface.beat.follows("How are trains booked?", asked)
    surface.model.patience.set()
    assert len(await surface.answers(asked)) == 3
    assert [LEAVE in prompt.question for prompt in surface.model.asked] == [False, True, False]
    assert len({prompt.speaker for prompt in surface.model.asked}) == 2


async def test_of_a_burst_nothing_is_lost(surface: Surface) -> None:
    surface.model.patience.clear()
    asked = await surface.anna.mentions(HOTEL)
    await until(lambda: surface.model.asked)
    for number in range(12):
        await surface.anna.follows(f"How many days of holiday after {number + 30} years?", asked)
    surface.model.patience.set()
    answers = await surface.answers(asked)
    assert 2 <= len(answers) <= 4
    questions = "\n".join(prompt.question for prompt in surface.model.asked)
    assert [number for number in range(12) if questions.count(f"after {number + 30} years") != 1] == []
