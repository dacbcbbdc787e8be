"""Each way in, in an independent Slack, over signed HTTP and over Socket Mode: asked, and answered once."""

from tests.bot.knowing import HOTEL, LEAVE, SAID
from tests.slack.emulated.company import Company


async def test_a_mention_is_answered_in_its_thread(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL)
    answer = await company.answer(asked)
    assert SAID in answer.read
    assert "Travel" in answer.read
    assert [len(await company.slack.channel(company.slack.channels["general"]))] == [1]
    assert company.slack.refusals == []


async def test_a_direct_message_is_answered_where_nobody_reads_along(company: Company) -> None:
    asked = await company.anna.writes(LEAVE)
    answer = await company.answer(asked, company.anna.direct)
    assert "25 days" in answer.read
    assert company.slack.refusals == []


async def test_a_follow_up_with_a_mention_stays_in_the_thread(company: Company) -> None:
    root = await company.anna.mentions(HOTEL)
    await company.answer(root)
    await company.beat.mentions(LEAVE, thread=root)
    first, second = [post for post in await company.answers(root) if post.user == company.slack.bot]
    assert ("EUR 180" in first.read, "25 days" in second.read) == (True, True)
    assert HOTEL in [message.text for message in company.model.asked[-1].history]


async def test_a_message_without_a_mention_is_none_of_our_business(company: Company) -> None:
    asked = await company.anna.says(HOTEL)
    assert await company.answers(asked) == []
    assert company.model.asked == []
    assert company.slack.deliveries.untaken == []


async def test_where_the_app_was_not_invited_it_hears_nothing(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL, channel="random")
    assert await company.answers(asked, "random") == []
    assert company.slack.deliveries.delivered == []
