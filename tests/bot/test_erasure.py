"""What is deleted is gone, also from what was said; who wishes to be forgotten is; a report says what went where."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from bot.answers import Answer
from bot.events import Feedback, Person, Receipt, Verdict
from bot.people import Directory
from bot.trace import Trace
from guardrails.pii import Guard
from rag.library import Library
from rag.passages import Passage
from tests.bot.house import House, Seen, turn, until
from tests.bot.knowing import HOTEL, LEAVE, Knowing
from tests.bot.test_worker import Platform, idle, working

MARA, LENA = Person("test:mara", "Mara"), Person("test:lena", "Lena")
PARIS = "EUR 180"


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    directory = Directory({"hr": frozenset({MARA.id})}, admins=[MARA.id])
    return House(redis, guard, library, Knowing(), directory)


@pytest.fixture
async def platform(house: House) -> AsyncIterator[Platform]:
    platform = Platform()
    house.dispatcher.register("test", platform.open)
    async with working(house):
        yield platform


async def said(house: House, platform: Platform, text: str, number: int = 1, **changes: object) -> Answer:
    fields = {"message_id": f"m-{number}", "event_id": f"e-{number}", "conversation": f"test:{number}", **changes}
    receipt = await house.dispatcher.accept(turn(text, **fields))
    assert (receipt.new, receipt.note) == (True, "")
    before = len(platform.answers)
    await until(lambda: len(platform.answers) > before or platform.failures)
    await idle(house)
    assert not platform.failures
    return platform.answers[-1]


async def held(redis: Redis) -> str:
    """Everything that Redis holds, as far as it can be read."""
    parts = list[str]()
    async for key in redis.scan_iter("*"):
        if key.startswith(b"hg:seen:"):  # marks of events, for a day, as the report says
            continue
        kind = str(cast(bytes, await redis.type(key)), "ascii")
        match kind:
            case "string":
                value: Any = await redis.get(key)
            case "list":
                value = await cast(Any, redis.lrange(key, 0, -1))
            case "hash":
                value = await cast(Any, redis.hgetall(key))
            case _:
                value = ""
        parts.append(f"{key!r} {value!r}")
    return "\n".join(parts)


async def test_a_deleted_document_is_gone_from_what_was_said(
    house: House, platform: Platform, library: Library
) -> None:
    assert PARIS in (await said(house, platform, HOTEL, person=LENA, conversation="test:C", private=False)).text
    await house.dispatcher.accept(
        Feedback("f-1", "answer-1", LENA, Verdict.DOWN, reason="other", comment="EUR 180 is not enough")
    )
    assert PARIS in await held(house.redis)
    report = await said(house, platform, "delete-doc travel.md", 2, person=MARA)
    assert "**Erased: travel.md**" in report.text
    for what in ("tombstone", "document in", "passages", "answers kept", "remarks", "answers in"):
        assert f"1 × {what}" in report.text, report.text
    assert "messages that stand in Slack or Teams" in report.text
    kept = await held(house.redis)
    assert (PARIS in kept, "travel.md" in kept.replace("m-2", ""), HOTEL in kept) == (False, False, True)
    assert b"down" in (await cast(Any, house.redis.hgetall(f"hg:feedback:{platform.answers[0].trace_id}"))).values()
    assert (await said(house, platform, HOTEL, 3, person=LENA, conversation="test:C", private=False)).refused
    assert "180" not in repr(cast(Any, house.model).asked[-1].history)


async def test_from_the_receipt_on_it_is_in_no_answer(house: House, platform: Platform) -> None:
    errand = turn("delete-doc travel.md", person=MARA, message_id="m-9", event_id="e-9")
    await house.dispatcher.accept(errand)
    seen = await house.ask(HOTEL, conversation="test:other")
    assert "travel.md" not in [source.doc_id for source in seen.answer.sources]


async def test_only_admins_delete_only_what_there_is_and_only_in_private(house: House, platform: Platform) -> None:
    async def told(text: str, **changes: object) -> str:
        receipt: Receipt = await house.dispatcher.accept(turn(text, message_id=text, event_id=text, **changes))
        return receipt.note

    assert "Only admins" in await told("delete-doc travel.md", person=LENA)
    assert "no document `nothing.md`" in await told("delete-doc nothing.md", person=MARA)
    assert "in private" in await told("delete-doc travel.md ", person=MARA, private=False)
    assert "in private" in await told("forget-me", person=LENA, private=False)
    assert PARIS in (await said(house, platform, HOTEL)).text


async def test_deleting_goes_on_where_it_was_interrupted_and_may_be_done_twice(
    house: House, platform: Platform, library: Library
) -> None:
    await said(house, platform, HOTEL)
    library.bury("travel.md", "somebody")  # and then the process died
    assert PARIS in await held(house.redis)
    first = await house.errands.delete("travel.md", "x")
    assert (first.gone["tombstone"], first.gone["documents"], first.gone["answers"]) == (1, 1, 1)
    assert PARIS not in await held(house.redis)
    again = await house.errands.delete("travel.md", "x")
    assert {name: count for name, count in again.gone.items() if count} == {"tombstone": 1}
    assert again.as_json()["erased"]["tombstone"] == 1


async def test_what_vanished_from_its_source_is_swept_out_of_what_was_said(
    house: House, platform: Platform, library: Library
) -> None:
    await said(house, platform, HOTEL)
    [known] = library.sources()
    (Path(known.source.root) / "travel.md").unlink()
    library.sync(known.source)
    assert PARIS in await held(house.redis)
    assert await house.errands.sweep() == {"answers": 1, "quotes in conversations": 1}
    assert PARIS not in await held(house.redis)
    assert await house.errands.sweep() == {}


async def test_an_index_that_was_not_filled_yet_makes_nothing_count_as_gone(library: Library) -> None:
    assert library.gone(["travel.md", "never.md"]) == {"never.md"}
    with library.catalog.store.writing() as db:
        db.execute("UPDATE sources SET synced = ''")
    assert library.gone(["never.md"]) == frozenset()


async def test_who_wishes_to_be_forgotten_is(house: House, platform: Platform) -> None:
    await said(house, platform, f"{HOTEL} I am Anna Keller.")
    await said(house, platform, LEAVE, 2, conversation="test:C", private=False, person=LENA)
    for person in (MARA, LENA):
        await house.dispatcher.accept(Feedback(f"f-{person.id}", "answer-1", person, Verdict.UP))
    await said(house, platform, HOTEL, 3, conversation="test:C", private=False)
    await house.inbox.keep_answer("t-1", turn(HOTEL), platform.answers[0])
    report = await said(house, platform, "forget-me", 4)
    assert "2 × questions with their answers in conversations" in report.text
    assert "1 × verdicts" in report.text
    kept = await held(house.redis)
    assert (MARA.id in kept, HOTEL in kept, LEAVE in kept, LENA.id in kept) == (False, False, True, True), kept
    assert await house.inbox.kept_answer("t-1") is None
    talk = await house.memory.recall("test:C")
    assert [one.person for one in talk.exchanges] == [LENA.id]
    assert "Nothing was kept" in (await said(house, platform, "forget-me", 5)).text


async def test_what_somebody_asked_and_still_waits_is_taken_back(house: House) -> None:
    waiting = [turn(HOTEL, message_id=f"w-{n}", event_id=f"w-{n}", conversation=f"test:w{n}") for n in range(2)]
    for one in (*waiting, replace(waiting[0], person=LENA, message_id="w-9", event_id="w-9", conversation="test:w9")):
        await house.inbox.accept(one)
    erased = await house.errands.forget(MARA.id)
    assert erased.gone == {"questions that waited": 2}
    texts = [job.turns[0] for _ in range(3) if (job := await house.inbox.take())]
    assert sorted((one.person.id, one.text) for one in texts) == [
        (LENA.id, HOTEL),
        (MARA.id, ""),
        (MARA.id, ""),
    ]


async def test_who_asks_is_told_what_is_kept_of_them_in_clear_and_of_nobody_else(
    house: House, platform: Platform
) -> None:
    await said(house, platform, f"{HOTEL} I am Anna Keller.")
    await said(house, platform, LEAVE, 2, person=LENA)
    copy = await said(house, platform, "export-me", 3)
    assert "1 questions with their answers" in copy.text
    assert ("Anna Keller" in copy.text, PARIS in copy.text, "holiday" in copy.text) == (True, True, False)
    assert copy.trace_id == ""
    data = await house.errands.eraser.copy(LENA.id)
    assert [(one["question"], one["documents"][0]) for one in data["exchanges"]] == [(LEAVE, "leave.md")]
    assert "keep nothing" in (await said(house, platform, "export-me", 4, person=Person("test:new"))).text


async def test_an_errand_is_no_part_of_what_else_is_written(house: House) -> None:
    platform = Platform()
    house.dispatcher.register("test", platform.open)
    for number, text in enumerate((HOTEL, "export-me", LEAVE)):
        await house.dispatcher.accept(turn(text, message_id=f"m-{number}", event_id=f"e-{number}"))
    async with working(house):
        await until(lambda: len(platform.answers) == 2 and platform.answers)
        await idle(house)
    assert [HOTEL in one.question and LEAVE in one.question for one in cast(Any, house.model).asked] == [True]


async def test_what_was_said_of_a_file_that_came_with_a_question_stays(house: House) -> None:
    passage = Passage("file:plan.md#0", "file:plan.md", "plan.md", "", "The plan says EUR 180.")
    seen = Seen()
    await house.assistant.answer(turn(HOTEL), seen, Trace("test"), [passage])
    assert "file:plan.md" in seen.answer.read
    await house.errands.sweep()
    assert PARIS in repr((await house.memory.recall("test:1")).exchanges)
