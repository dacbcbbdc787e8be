"""What Slack does to events: delivers them again, in twins, to any replica; and what people do to their questions."""

import asyncio

import pytest

from tests.bot.knowing import HOTEL, LEAVE, MORE, SAID
from tests.slack.emulated.company import Company, until, until_read
from tests.slack.standin import Trouble


async def test_both_events_of_a_mention_are_answered_once(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL)
    await company.answer(asked)
    sent = [payload["event"]["type"] for _, payload, _ in company.slack.deliveries.delivered]
    assert sent[:2] in (["message", "app_mention"], ["app_mention", "message"])
    assert len(company.model.asked) == 1


@pytest.mark.parametrize("private", [False, True])
async def test_four_deliveries_are_answered_once(company: Company, private: bool) -> None:
    company.slack.deliveries.copies = 4
    asked = await (company.anna.writes(HOTEL) if private else company.anna.mentions(HOTEL))
    await company.answer(asked, company.anna.direct if private else "general")
    assert {retry for _, _, retry in company.slack.deliveries.delivered} == {0, 1, 2, 3}
    assert len(company.model.asked) == 1


async def test_two_replicas_give_one_answer(two_replicas: Company) -> None:
    two_replicas.slack.deliveries.copies = 4
    asked = [await two_replicas.anna.mentions(HOTEL), await two_replicas.beat.mentions(LEAVE)]
    for root in asked:
        assert "[1]" in (await two_replicas.answer(root)).read
    assert len(two_replicas.model.asked) == 2


async def test_a_replica_that_fell_away_is_not_missed(two_replicas: Company) -> None:
    await two_replicas.adapters[0].stop_taking()
    asked = await two_replicas.anna.mentions(HOTEL)
    assert SAID in (await two_replicas.answer(asked)).read


async def test_an_edited_question_is_offered_a_new_answer(company: Company) -> None:
    asked = await company.anna.mentions(HOTEL)
    await company.answer(asked)
    await company.anna.edits("general", asked, f"<@{company.slack.bot}> {LEAVE}")
    await until(lambda: company.anna.whispers)
    [offer] = company.anna.whispers
    assert (await company.anna.presses(offer, "hausgeist_again")).taken
    await company.idle()
    await until_read(lambda: company.answers(asked), "25 days")


async def test_an_edit_while_the_answer_is_written_does_not_make_two(company: Company) -> None:
    company.model.patience.clear()
    asked = await company.anna.mentions(HOTEL)
    await until(lambda: company.model.asked)
    await company.anna.edits("general", asked, f"<@{company.slack.bot}> {LEAVE}")
    company.model.patience.set()
    await company.answer(asked)


async def test_a_deleted_question_leaves_nothing_behind(company: Company) -> None:
    company.model.patience.clear()
    asked = await company.anna.writes(HOTEL)
    await until(lambda: company.model.asked)
    await company.anna.deletes(company.anna.direct, asked)
    shown = await company.answers(asked, company.anna.direct)
    assert not any(SAID in post.read for post in shown)
    assert company.slack.deliveries.untaken == []


async def test_an_answer_is_stopped_by_a_word(company: Company) -> None:
    company.model.patience.clear()
    asked = await company.anna.mentions(HOTEL)
    await until(lambda: company.model.asked)
    await company.anna.mentions("stop", thread=asked)
    ours = [post for post in await company.answers(asked) if post.user == company.slack.bot]
    assert ["Stopped" in post.read for post in ours] == [True]


async def test_an_answer_is_stopped_by_its_button(company: Company) -> None:
    company.slack.err("chat.startStream", *[Trouble(error="unknown_method")] * 9)
    company.model.draft, company.model.pause = MORE, 14
    company.model.patience.clear()
    asked = await company.anna.mentions(HOTEL)
    growing = await until_read(lambda: company.slack.thread(company.slack.channels["general"], asked), "A hotel")
    await company.anna.presses(growing, "hausgeist_stop")
    assert "Stopped" in (await company.answer(asked)).read


async def test_a_reaction_is_taken_switched_and_taken_back(company: Company) -> None:
    answer, anna = await company.answer(await company.anna.mentions(HOTEL)), company.anna
    await anna.reacts(answer, "+1")
    assert await company.verdicts() == {anna.id: "up"}
    await anna.reacts(answer, "-1::skin-tone-3")
    await anna.unreacts(answer, "+1")
    assert await company.verdicts() == {anna.id: "down"}
    await anna.unreacts(answer, "-1::skin-tone-3")
    assert await company.verdicts() == {}
    await anna.reacts(answer, "eyes")
    await company.beat.reacts(await company.slack.post(answer.channel, answer.thread), "+1")
    assert await company.verdicts() == {}


async def test_a_thumb_pressed_four_times_is_one_verdict(company: Company) -> None:
    answer = await company.answer(await company.anna.mentions(HOTEL))
    for _ in range(2):
        assert (await company.beat.presses(answer, "hausgeist_feedback")).taken
    await company.anna.presses(answer, "hausgeist_feedback", positive=False)
    assert await company.verdicts() == {company.beat.id: "up", company.anna.id: "down"}


@pytest.mark.parametrize("way", ["sockets"], indirect=True)
async def test_a_new_connection_takes_over_from_an_old_one(company: Company) -> None:
    await company.slack.sockets.refresh()
    asked = await asyncio.wait_for(company.anna.mentions(HOTEL), 9)
    assert SAID in (await company.answer(asked)).read
