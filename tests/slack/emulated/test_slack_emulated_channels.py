"""Whom we answer in channels: who mentions us, who goes on in our threads, and whoever asks where admins said so."""

from tests.bot.knowing import HOTEL, LEAVE, SAID
from tests.slack.emulated.company import Company


async def test_in_our_thread_a_question_needs_no_mention(company: Company) -> None:
    root = await company.anna.mentions(HOTEL)
    await company.answer(root)
    await company.beat.says(LEAVE, thread=root)
    first, second = [post for post in await company.answers(root) if post.user == company.slack.bot]
    assert ("EUR 180" in first.read, "25 days" in second.read) == (True, True)


async def test_in_the_threads_of_others_we_never_speak(company: Company) -> None:
    root = await company.anna.says("Lunch at noon?")
    await company.beat.says(LEAVE, thread=root)
    assert [post.user for post in await company.answers(root)] == [company.beat.id]
    assert company.model.asked == []


async def test_mentioned_in_the_thread_of_others_we_answer_that_once(company: Company) -> None:
    root = await company.anna.says("Lunch at noon?")
    await company.beat.mentions(HOTEL, thread=root)
    await company.idle()
    await company.anna.says(LEAVE, thread=root)
    ours = [post for post in await company.answers(root) if post.user == company.slack.bot]
    assert [SAID in post.read for post in ours] == [True]


async def test_what_is_said_to_others_in_our_thread_is_not_for_us(company: Company) -> None:
    root = await company.anna.mentions(HOTEL)
    await company.answer(root)
    await company.anna.says(f"<@{company.beat.id}> {LEAVE}", thread=root)
    await company.answer(root)


async def test_where_an_admin_said_so_questions_are_answered_without_a_mention(company: Company) -> None:
    assert "also without being mentioned" in (await company.anna.commands("/hausgeist enable questions")).text
    asked, said = await company.beat.says(HOTEL), await company.beat.says("The coffee machine works again.")
    assert SAID in (await company.answer(asked)).read
    assert await company.answers(said) == []
    await company.anna.commands("/hausgeist disable")
    assert await company.answers(await company.beat.says(LEAVE)) == []


async def test_where_we_shall_be_sure_we_are_silent_otherwise(company: Company) -> None:
    await company.anna.commands("/hausgeist enable sure")
    company.model.draft = "NO ANSWER"
    asked = await company.beat.says("Who knows where the stapler of the third floor went?")
    assert await company.answers(asked) == []
    company.model.draft = ""
    assert SAID in (await company.answer(await company.beat.says(HOTEL))).read


async def test_only_admins_change_a_channel(company: Company) -> None:
    assert "Only admins" in (await company.beat.commands("/hausgeist enable questions")).text
    assert await company.answers(await company.beat.says(HOTEL)) == []


async def test_guests_get_a_friendly_no(company: Company) -> None:
    answer = await company.answer(await company.guest.mentions(HOTEL))
    assert "no guests" in answer.read
    assert company.model.asked == []


async def test_where_another_company_reads_along_nothing_is_answered(company: Company) -> None:
    answer = await company.answer(await company.anna.mentions(HOTEL, channel="abroad"), "abroad")
    assert "other companies" in answer.read
    assert "other companies" in (await company.answer(await company.stranger.mentions(HOTEL))).read
    assert company.model.asked == []


async def test_a_guest_who_asked_nobody_is_told_nothing(company: Company) -> None:
    await company.anna.commands("/hausgeist enable questions")
    assert await company.answers(await company.guest.says(HOTEL)) == []


async def test_thanks_in_our_thread_want_no_answer(company: Company) -> None:
    root = await company.anna.mentions(HOTEL)
    await company.answer(root)
    for words in ("Thanks a lot!", "Vielen Dank, super :+1:", "👍"):
        await company.anna.says(words, thread=root)
    ours = [post for post in await company.answers(root) if post.user == company.slack.bot]
    assert len(ours) == 1
