"""What people tell us other than by asking: to share an answer, to ask again, to fetch a person, what they think."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from bot.answers import Answer
from bot.events import Again, AskPerson, Feedback, Person, Receipt, Share, Turn, Verdict
from bot.model import ScriptedModel
from bot.people import Directory
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, turn
from tests.bot.test_assistant import dump
from tests.bot.test_worker import Platform, idle, with_model, working

MARA, LENA = Person("test:mara", "Mara", frozenset({"hr"})), Person("test:lena", "Lena")
HERE = "test:C1"
HOTEL = "How much may a hotel in Paris cost?"
SAID = "A hotel in Paris may cost EUR 180 a night. [1]"
SALARY = "What is the maximum salary at level 5?"


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    return House(redis, guard, library, ScriptedModel(*[SAID] * 9), Directory({"hr": frozenset({MARA.id})}))


@pytest.fixture
def platform(house: House) -> Platform:
    platform = Platform()
    house.dispatcher.register("test", platform.open)
    return platform


@pytest.fixture
async def told(house: House, platform: Platform) -> AsyncIterator[Answer]:
    """What Mara alone was told in a channel, while a worker goes on."""
    async with working(house):
        yield await asked(house, platform, HOTEL, message_id="m-1")


async def asked(house: House, platform: Platform, text: str, **changes: object) -> Answer:
    fields: dict[str, object] = {"conversation": "test:C1:slash", "place": HERE, "person": MARA}
    await house.dispatcher.accept(turn(text, **(fields | changes)))
    await idle(house)
    assert not platform.failures
    return platform.answers[-1]


def share(answer: Answer, press: str = "press-1", person: Person = MARA) -> Share:
    return Share(press, answer.trace_id, replace(wish(person), event_id=press))


def wish(person: Person) -> Turn:
    """Where a shared answer shall stand."""
    return Turn("", "", "test", HERE, person, "", reply_to={"by": f"<@{person.id}>"}, place=HERE)


async def heard(house: House, event: Share | Again | AskPerson | Feedback) -> Receipt:
    receipt = await house.dispatcher.accept(event)
    await idle(house)
    return receipt


async def test_an_answer_is_shown_to_all_as_its_person_wishes(house: House, platform: Platform, told: Answer) -> None:
    assert (await heard(house, share(told))).new
    one, shown = platform.answers
    assert (shown.text, shown.sources) == (one.text, one.sources)
    assert shown.notices == ("Asked and shared by <@test:mara>.",)
    assert shown.title == ""
    assert house.book.traces[-1].outcome == "shared"
    assert len(house.model.asked) == 1, "nothing was asked again"  # type: ignore[attr-defined]  # a scripted one


async def test_twice_pressed_it_is_shown_once(house: House, platform: Platform, told: Answer) -> None:
    receipts = [await heard(house, share(told, f"press-{n}")) for n in range(3)]
    assert [receipt.new for receipt in receipts] == [True, False, False]
    assert len(platform.answers) == 2


async def test_two_answers_shared_in_one_breath_are_both_shown(house: House, platform: Platform) -> None:
    async with working(house):
        one = await asked(house, platform, HOTEL, message_id="m-1")
        other = await asked(house, platform, HOTEL + " ", message_id="m-2", conversation="test:C1:slash-2")
    for number, answer in enumerate((one, other)):
        await house.dispatcher.accept(share(answer, f"press-{number}"))
    async with working(house):
        await idle(house)
    assert [answer.text for answer in platform.answers[2:]] == [one.text, other.text]


async def test_only_who_asked_may_share(house: House, platform: Platform, told: Answer) -> None:
    assert "Only the person who asked" in (await heard(house, share(told, person=LENA))).note
    assert "do not have" in (await heard(house, share(replace(told, trace_id="unknown")))).note
    assert len(platform.answers) == 1


async def test_what_not_all_may_read_is_not_shared(house: House, platform: Platform) -> None:
    with_model(house, ScriptedModel("It is CHF 137000. [1]"), platform)
    async with working(house):
        answer = await asked(house, platform, SALARY)
        assert answer.sources[0].doc_id == "secret/pay.md"
        receipt = await heard(house, share(answer))
    assert receipt.note == "I cannot show this to everybody here: Pay bands is not open to all."
    assert len(platform.answers) == 1


async def test_what_is_closed_or_gone_before_it_is_shown_is_not_shown(
    house: House, platform: Platform, library: Library, told: Answer
) -> None:
    wanted = replace(wish(MARA), event_id="e", message_id="m", shares=told.trace_id)
    with library.store.writing() as db:
        db.execute("DELETE FROM documents WHERE doc_id = 'travel.md'")
    for number, shares in enumerate((told.trace_id, "unknown")):
        name = f"closed-{number}"
        await house.dispatcher.accept(replace(wanted, event_id=name, message_id=name, shares=shares))
        await idle(house)
    assert ["is not open to all" in text for text in platform.failures] == [True, False]
    assert "do not have" in platform.failures[1]
    assert len(platform.answers) == 1


async def test_what_is_no_document_of_the_companys_is_not_shared(house: House, told: Answer) -> None:
    kept = replace(told, sources=(replace(told.sources[0], doc_id="file:plan.pdf"),))
    await house.inbox.keep_answer(told.trace_id, turn(HOTEL, person=MARA), kept)
    assert "is not open to all" in (await heard(house, share(told))).note


async def test_only_what_one_person_saw_in_a_channel_is_kept_to_be_shared(house: House, platform: Platform) -> None:
    async with working(house):
        others: tuple[dict[str, object], ...] = ({"place": ""}, {"private": False})
        for number, changes in enumerate(others):
            fields = {"message_id": f"m-{number}", "conversation": f"test:{number}"} | changes
            answer = await asked(house, platform, f"{HOTEL} {number}", **fields)
            assert await house.inbox.kept_answer(answer.trace_id) is None


async def test_a_shared_answer_is_judged_where_it_stands(house: House, platform: Platform, told: Answer) -> None:
    platform.kind = type("Other", (platform.kind,), {"name": "answer-2", "__init__": _named})
    await heard(house, share(told))
    await heard(house, Feedback("f-1", "answer-2", LENA, Verdict.UP))
    assert await house.redis.hgetall(f"hg:feedback:{told.trace_id}") == {b"test:lena": b"up"}


def _named(self: Any) -> None:
    super(type(self), self).__init__(name="answer-2")


async def test_after_it_was_shared_the_question_is_asked_again_not_shared_again(
    house: House, platform: Platform, told: Answer
) -> None:
    await heard(house, share(told))
    await heard(house, Again("press-2", told.trace_id, MARA))
    assert len(house.model.asked) == 2  # type: ignore[attr-defined]  # a scripted one
    assert [trace.outcome for trace in house.book.traces] == ["answered", "shared", "answered"]


async def test_asked_again_it_knows_what_the_new_answer_replaces(
    house: House, platform: Platform, told: Answer
) -> None:
    quiet = turn(HOTEL, person=MARA, reply_to={"channel": "C1", "replaces": "-"}, call="overheard", discreet=True)
    await house.inbox.keep("kept-1", quiet)
    await heard(house, Again("press-1", "kept-1", MARA, {"replaces": "1.0 2.0"}))
    again = platform.tickets[-1].turn  # type: ignore[attr-defined]  # a lease
    assert dict(again.reply_to) == {"channel": "C1", "replaces": "1.0 2.0"}
    assert (again.call, again.discreet, again.text) == ("addressed", False, HOTEL)
    assert quiet.message_id in again.messages


async def test_a_person_is_told_the_question_and_the_answer_masked(house: House, platform: Platform) -> None:
    async with working(house):
        await asked(house, platform, f"I am ann.meier@firm.example. {HOTEL}")
        case = (await heard(house, AskPerson("p-1", "answer-1", LENA))).case
    assert case
    assert (case.question, case.answer) == (f"I am <EMAIL_ADDRESS_1>. {HOTEL}", SAID)
    assert case.sources == ("travel.md",)
    assert case == await house.dispatcher.case("answer-1")
    receipt = await heard(house, AskPerson("p-2", "somebody else's message", LENA))
    assert (receipt.case, "do not have" in receipt.note) == (None, True)
    assert not (await heard(house, AskPerson("p-1", "answer-1", LENA))).new


async def why(house: House, answer: Answer, person: Person = MARA) -> dict[str, str]:
    held: Any = await house.redis.hget(f"hg:feedback:{answer.trace_id}", f"{person.id} why")
    return dict(orjson.loads(held)) if held else {}


async def test_reasons_and_comments_are_kept_masked(house: House, told: Answer) -> None:
    judged = Feedback("f-1", "answer-1", MARA, Verdict.DOWN, False, "wrong source", "", "travel.md")
    receipt = await heard(house, replace(judged, comment="Ask bob.huber@firm.example, he knows."))
    assert receipt.case
    assert receipt.case.question == HOTEL
    said = {"reason": "wrong source", "comment": "Ask <EMAIL_ADDRESS_1>, he knows.", "document": "travel.md"}
    assert await why(house, told) == said
    assert b"bob.huber" not in await dump(house.redis)


async def test_a_key_in_a_comment_is_not_kept(house: House, told: Answer) -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7bq\n-----END RSA PRIVATE KEY-----"
    await heard(house, Feedback("f-1", "answer-1", MARA, Verdict.DOWN, reason="other", comment=key))
    assert await why(house, told) == {"reason": "other", "comment": "<SECRET_1>", "document": ""}


async def test_a_comment_that_nothing_can_store_is_stored_without_that(house: House, told: Answer) -> None:
    await heard(house, Feedback("f-1", "answer-1", MARA, Verdict.DOWN, reason="other", comment="Half \ud83d a smile."))
    assert (await why(house, told))["reason"] == "other"


async def test_a_verdict_taken_back_takes_its_reasons_along(house: House, told: Answer) -> None:
    down = Feedback("f-1", "answer-1", MARA, Verdict.DOWN, reason="outdated", comment="Since May it is more.")
    await heard(house, down)
    await heard(house, replace(down, event_id="f-2", reason="", comment=""))
    assert (await why(house, told))["reason"] == "outdated", "a second press says nothing new"
    await heard(house, replace(down, event_id="f-3", person=LENA))
    await heard(house, replace(down, event_id="f-4", removed=True))
    held = await house.redis.hgetall(f"hg:feedback:{told.trace_id}")
    assert set(held) == {b"test:lena", b"test:lena why"}


async def test_who_changes_their_mind_leaves_no_reasons_against_it(house: House, told: Answer) -> None:
    down = Feedback("f-1", "answer-1", MARA, Verdict.DOWN, reason="outdated")
    await heard(house, down)
    await heard(house, Feedback("f-2", "answer-1", MARA, Verdict.UP))
    assert await house.redis.hgetall(f"hg:feedback:{told.trace_id}") == {b"test:mara": b"up"}
