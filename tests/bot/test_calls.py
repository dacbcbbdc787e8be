"""What was not put to us: taken where the thread, or the channel, is ours; said where it is sure, or not at all."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.answers import Answer, Source
from bot.discreet import Discreet
from bot.errors import ModelDown
from bot.events import Edited, Person, Receipt, Turn
from bot.model import ScriptedModel
from bot.notices import TOO_MANY
from bot.people import Directory
from bot.places import Mode, Place, Places
from bot.prompt import Prompt
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, Seen, turn
from tests.bot.test_assistant import dump
from tests.bot.test_worker import Platform, idle, with_model, working

HERE = "test:C1"
LENA = Person("test:lena", "Lena")
HOTEL = "How much may a hotel in Paris cost?"
TRAINS = "Which class are trains booked in?"
SAID = "A hotel in Paris may cost EUR 180 a night. [1]"


class Half(ScriptedModel):
    """Goes away in the midst of an answer."""

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        yield SAID + " And"
        raise ModelDown("The model went away.")


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    return House(redis, guard, library, ScriptedModel(*[SAID] * 9), Directory({}, Places(redis)))


@pytest.fixture
def platform(house: House) -> Platform:
    platform = Platform()
    house.dispatcher.register("test", platform.open)
    return platform


def mention(text: str, **changes: object) -> Turn:
    return turn(text, **({"private": False, "opens": True, "place": HERE} | changes))


def follow_up(text: str, **changes: object) -> Turn:
    return mention(text, **({"call": "follows", "opens": False, "person": LENA} | changes))


def overheard(text: str, **changes: object) -> Turn:
    return mention(text, **({"call": "overheard", "opens": False} | changes))


async def enable(house: House, mode: Mode) -> None:
    await Places(house.redis).put(HERE, Place(mode))


async def heard(house: House, *events: Turn | Edited) -> list[bool]:
    """Which of the events, one after the other, were taken; returns when what was taken is answered."""
    taken = []
    async with working(house):
        for event in events:
            taken.append((await house.dispatcher.accept(event)).new)
            await idle(house)
    return taken


async def test_a_thread_that_began_with_us_goes_on_without_mention(house: House, platform: Platform) -> None:
    assert await heard(house, follow_up(TRAINS), mention(HOTEL), follow_up(TRAINS)) == [False, True, True]
    assert len(platform.answers) == 2
    assert await heard(house, follow_up(HOTEL, conversation="test:2")) == [False]
    assert [len((await house.memory.recall(name)).exchanges) for name in ("test:1", "test:2")] == [2, 0]


async def test_a_mention_in_the_thread_of_others_makes_it_not_ours(house: House, platform: Platform) -> None:
    assert await heard(house, mention(HOTEL, opens=False), follow_up(TRAINS)) == [True, False]
    assert len(platform.answers) == 1


async def test_what_is_overheard_is_nothing_to_us_where_nobody_enabled_it(house: House, platform: Platform) -> None:
    assert await heard(house, overheard(HOTEL)) == [False]
    await enable(house, "mentions")
    assert await heard(house, overheard(HOTEL)) == [False]
    await enable(house, "questions")
    assert await heard(house, overheard(HOTEL, place="test:C2"), overheard(HOTEL, place="")) == [False, False]
    assert not platform.replies
    assert b"hotel" not in await dump(house.redis)


@pytest.mark.parametrize("mode", ["questions", "sure"])
async def test_what_is_overheard_is_answered_and_the_thread_is_ours_then(
    house: House, platform: Platform, mode: Mode
) -> None:
    await enable(house, mode)
    assert await heard(house, overheard(HOTEL), follow_up(TRAINS), follow_up(HOTEL, conversation="test:2")) == [
        True, True, False
    ]  # fmt: skip
    assert [answer.text for answer in platform.answers] == [SAID, SAID]
    assert [bool(reply.statuses) for reply in platform.replies] == [mode == "questions", True]
    assert len((await house.memory.recall("test:1")).exchanges) == 2


@pytest.mark.parametrize("draft", ["NO ANSWER", "Ask around.", ModelDown("away")])
async def test_who_is_not_sure_stays_silent_and_remembers_nothing(
    house: House, platform: Platform, draft: str | ModelDown
) -> None:
    with_model(house, ScriptedModel(draft), platform)
    await enable(house, "sure")
    assert await heard(house, overheard("I am ann.meier@firm.example, " + HOTEL), follow_up(TRAINS)) == [True, False]
    assert [vars(reply) for reply in platform.replies] == [vars(Seen())]
    assert house.book.traces[-1].outcome == "kept silent"
    assert not (await house.memory.recall("test:1")).exchanges
    assert not await house.redis.keys("hg:answer:*") + await house.redis.keys("hg:{inbox}:kept:*")


@pytest.mark.parametrize("draft", ["NO ANSWER", "Ask around.", ModelDown("away")])
async def test_where_questions_are_answered_what_is_not_sure_is_said_too(
    house: House, platform: Platform, draft: str | ModelDown
) -> None:
    with_model(house, ScriptedModel(draft), platform)
    await enable(house, "questions")
    assert await heard(house, overheard(HOTEL)) == [True]
    assert len(platform.answers) == 1


async def test_of_what_goes_wrong_with_a_question_that_nobody_asked_nobody_hears(
    house: House, platform: Platform
) -> None:
    with_model(house, Half(), platform)
    await enable(house, "sure")
    await heard(house, overheard(HOTEL), overheard("My password is hunter2!x, hotel?", conversation="test:2"))
    assert [vars(reply) for reply in platform.replies] == [vars(Seen())] * 2
    with_model(house, Half(), platform)
    await enable(house, "questions")
    await heard(house, overheard(TRAINS, conversation="test:3"))
    assert platform.failures == ["The model went away."]


async def test_who_asked_nothing_is_not_told_that_too_much_waits(house: House, platform: Platform) -> None:
    await enable(house, "sure")
    receipts = [await house.dispatcher.accept(overheard(f"Hotel {n} costs how much?")) for n in range(25)]
    assert {receipt.note for receipt in receipts} == {""}
    assert (await house.dispatcher.accept(mention(HOTEL))).note == TOO_MANY["en"]


async def test_who_mentions_us_while_we_listen_is_answered_aloud(house: House, platform: Platform) -> None:
    with_model(house, ScriptedModel("NO ANSWER"), platform)
    await enable(house, "sure")
    for event in (overheard(HOTEL, sent_at=1.0), mention("Do you know it?", opens=False, sent_at=2.0)):
        await house.dispatcher.accept(event)
    async with working(house):
        await idle(house)
    (answer,) = platform.answers
    assert answer.refused


def edit(turn: Turn, version: str = "v1", text: str = TRAINS) -> Edited:
    return Edited(f"edit-{version}", version, replace(turn, text=text, event_id=f"edit-{version}"))


async def test_an_edit_of_what_is_not_ours_is_nothing_to_us(house: House, platform: Platform) -> None:
    for event in (follow_up(HOTEL), overheard(HOTEL)):
        assert not (await house.dispatcher.accept(edit(event))).new
    assert not await house.redis.keys("hg:{inbox}:*")


async def test_an_edit_of_an_overheard_question_counts_while_it_waits_and_offers_nothing_later(
    house: House, platform: Platform
) -> None:
    await enable(house, "sure")
    asked = overheard(HOTEL)
    await house.dispatcher.accept(asked)
    assert (await house.dispatcher.accept(edit(asked))).new
    async with working(house):
        await idle(house)
    assert [prompt.question for prompt in house.model.asked] == [TRAINS]  # type: ignore[attr-defined]  # scripted
    assert await house.dispatcher.accept(edit(asked, "v2", HOTEL)) == Receipt()
    assert (await house.inbox.line()).messages == 0


async def test_an_edit_in_our_thread_offers_a_new_answer(house: House, platform: Platform) -> None:
    asked = follow_up(TRAINS)
    await heard(house, mention(HOTEL), asked)
    assert (await house.dispatcher.accept(edit(asked, text=HOTEL))).offer


async def test_a_mention_that_an_edit_adds_begins_a_thread_of_ours(house: House, platform: Platform) -> None:
    assert await heard(house, edit(mention(HOTEL), text=HOTEL), follow_up(TRAINS)) == [True, True]
    assert len(platform.answers) == 2


async def test_a_discreet_reply_shows_a_sure_answer_whole_and_nothing_before() -> None:
    seen = Seen()
    reply = Discreet(seen)
    await reply.waiting("2 before you")
    await reply.status("searching")
    await reply.write("A hotel ")
    await reply.fail(ModelDown("away"), "trace")
    sure = Answer(SAID, "trace", (Source(1, "travel.md", "Travel", "A hotel"),))
    for unsure in (replace(sure, refused=True), replace(sure, makeshift=True), replace(sure, sources=())):
        assert await reply.finish(unsure) == ""
    assert vars(seen) == vars(Seen())
    assert await reply.finish(sure) == seen.name
    assert seen.answers == [sure]
