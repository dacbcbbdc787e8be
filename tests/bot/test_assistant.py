"""The life of a question, told with real parts."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta

import pytest
from redis.asyncio import ConnectionPool, Redis

from bot.answers import Answer
from bot.errors import HausgeistError, ModelDown, StateDown
from bot.events import Feedback, Message, Person, Verdict
from bot.model import ExtractiveModel, ModelBusy, ScriptedModel
from bot.people import Directory
from bot.prompt import Prompt
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, Seen, turn, until


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    return House(redis, guard, library, ScriptedModel("A hotel in Paris may cost EUR 180 a night. [1]"))


async def test_a_question_gets_a_cited_answer(house: House) -> None:
    seen = await house.ask("How much may a hotel in Paris cost?")
    assert seen.written.strip() == seen.answer.text == "A hotel in Paris may cost EUR 180 a night. [1]"
    (source,) = seen.answer.sources
    assert (source.number, source.doc_id, source.title, source.owner) == (1, "travel.md", "Travel", "Ann")
    assert house.book.traces[0].outcome == "answered"


async def test_personal_data_is_hidden_from_the_model_and_from_memory_but_not_from_the_person(house: House) -> None:
    house.model = model = ScriptedModel("Write to <EMAIL_ADDRESS_1>. Hotels in Paris cost EUR 180. [1]")
    house.__post_init__()
    seen = await house.ask("I am ann.meier@firm.example, how much may a hotel in Paris cost?")
    assert "ann.meier@firm.example" not in model.asked[0].question
    assert "ann.meier@firm.example" in seen.answer.text
    assert seen.answer.masked == ("EMAIL_ADDRESS",)
    assert b"ann.meier" not in await dump(house.redis)


async def test_a_conversation_goes_on_in_another_process_with_the_same_placeholders(house: House) -> None:
    await house.ask("I am ann.meier@firm.example, how much may a hotel in Paris cost?")
    model = ScriptedModel("Yes, <EMAIL_ADDRESS_1>. [1]")
    later = House(house.redis, house.guard, house.library, model)
    seen = await later.ask("And trains in second class, ann.meier@firm.example?")
    assert "<EMAIL_ADDRESS_1>" in model.asked[0].history[0].text
    assert "<EMAIL_ADDRESS_1>" in model.asked[0].question
    assert "ann.meier@firm.example" in seen.answer.text


async def test_what_no_document_holds_is_declined_without_sources(house: House) -> None:
    house.model = ScriptedModel("NO ANSWER")
    house.__post_init__()
    seen = await house.ask("How much may a hotel in Paris cost?")
    assert seen.answer.refused
    assert not seen.answer.sources
    assert not seen.written


async def test_a_forbidden_document_is_read_by_its_group_alone(house: House) -> None:
    question = "What is the maximum salary at level 5?"
    house.model = model = ScriptedModel("It is CHF 137000. [1]", "It is CHF 137000. [1]", "It is CHF 137000. [1]")
    house.__post_init__()
    in_hr = Person("test:hr", groups=frozenset({"hr"}))
    seen = await house.ask(question, person=in_hr)
    assert seen.answer.sources[0].doc_id == "secret/pay.md"
    for changes in ({}, {"person": in_hr, "private": False}):
        await house.ask(question, conversation="test:2", **changes)
    assert all("137000" not in passage.text for prompt in model.asked[1:] for passage in prompt.passages)


async def test_groups_come_from_the_directory(house: House) -> None:
    house.directory = Directory({"hr": frozenset({"test:mara"})})
    house.model = ScriptedModel("It is CHF 137000. [1]")
    house.__post_init__()
    seen = await house.ask("What is the maximum salary at level 5?")
    assert seen.answer.sources[0].doc_id == "secret/pay.md"


async def test_without_a_model_the_best_passages_are_quoted(house: House) -> None:
    house.model = ExtractiveModel()
    house.__post_init__()
    seen = await house.ask("How much may a hotel in Paris cost?")
    assert "No language model is running" in seen.answer.text
    assert "EUR 180" in seen.answer.text
    assert seen.answer.sources[0].doc_id == "travel.md"


async def test_where_the_model_is_down_or_busy_the_best_passages_are_given_in_its_place(house: House) -> None:
    for error, notice in ((ModelDown("no"), "does not answer"), (ModelBusy("no"), "Too many questions")):
        house.model = ScriptedModel(error)
        house.__post_init__()
        seen = await house.ask("How much may a hotel in Paris cost?", conversation=f"test:{notice}")
        assert seen.answer.makeshift
        assert notice in seen.answer.text
        assert "EUR 180" in seen.answer.text
        assert seen.answer.sources[0].doc_id == "travel.md"


async def test_who_waited_too_long_gets_the_passages_at_once(house: House) -> None:
    seen = await house.ask("How much may a hotel in Paris cost?", waited=121.0)
    assert seen.answer.makeshift
    assert house.model.asked == []  # type: ignore[attr-defined]  # a scripted one


async def test_a_stream_that_breaks_off_is_told_with_an_id_to_quote(house: House) -> None:
    class Breaking(ScriptedModel):
        async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
            yield "A hotel in Paris may cost EUR 180. [1] And "
            raise ModelDown("The language model does not answer at the moment.")

    house.model = Breaking()
    house.__post_init__()
    seen = await house.ask("How much may a hotel in Paris cost?")
    assert seen.failures == [("The language model does not answer at the moment.", house.book.traces[0].id)]


async def test_an_empty_and_an_endless_question_are_declined(house: House) -> None:
    for text in ("   ", "word " * 3000):
        seen = await house.ask(text)
        assert len(seen.failures) == 1
        assert house.book.traces[-1].outcome == "declined"


async def test_history_given_by_the_caller_is_masked_too(house: House) -> None:
    house.model = model = ScriptedModel("Yes. [1]")
    house.__post_init__()
    told = (Message("user", "My address is ann.meier@firm.example"), Message("assistant", "Noted."))
    await house.ask("How much may a hotel in Paris cost?", history=told)
    assert "ann.meier" not in model.asked[0].history[0].text


async def test_a_follow_up_is_searched_by_itself_and_with_what_the_question_before_was_about(house: House) -> None:
    house.model = model = ScriptedModel("EUR 180. [1]", "Second class. [1]")
    house.__post_init__()
    await house.ask("Which class are trains booked in?")
    await house.ask("And what may a hotel cost?")
    assert any("EUR 180" in passage.text for passage in model.asked[1].passages)


async def test_an_approved_answer_is_told_as_it_stands_and_by_whom(house: House) -> None:
    house.model = model = ScriptedModel()
    house.__post_init__()
    later = (date.today() + timedelta(days=1)).isoformat()
    house.library.curated.add(["Where is the first aid box?"], "On floor 2.\nBeside the lift.", "Ann", [], later)
    seen = await house.ask("where is the first-aid box")
    assert seen.answer.text == "On floor 2. [1]\nBeside the lift. [1]"
    assert [source.owner for source in seen.answer.sources] == ["Ann"]
    assert f"Approved by Ann on {date.today().isoformat()}." in seen.answer.notices
    assert not model.asked
    seen = await house.ask("And where is it in Berlin?")
    assert not any("Approved" in notice for notice in seen.answer.notices)


async def test_a_text_that_nothing_can_store_is_answered_once(house: House) -> None:
    seen = await house.ask("How much may a hotel in Paris cost? \ud800")
    assert seen.answer.sources
    assert not house.book.traces[0].counts["forgotten"]


async def test_what_fails_behind_the_answer_gives_no_second_one(house: House) -> None:
    class Shown(Seen):
        async def finish(self, answer: Answer) -> str:
            await super().finish(answer)
            return None  # type: ignore[return-value]  # what an adapter must not do

    seen = Shown()
    await house.dispatcher.run(turn("How much may a hotel in Paris cost?"), seen)
    assert len(seen.answers) == 1
    assert not seen.failures


async def test_who_is_stopped_is_told(house: House) -> None:
    class Slow(ScriptedModel):
        async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
            yield "A hotel in Paris "
            await asyncio.Event().wait()

    house.model = Slow()
    house.__post_init__()
    seen = Seen()
    running = asyncio.create_task(house.dispatcher.run(turn("How much may a hotel in Paris cost?"), seen))
    await until(lambda: len(seen.statuses) == 2)
    running.cancel()
    await asyncio.wait([running])
    assert "stopped" in seen.failures[0][0]


async def test_a_reply_that_breaks_is_in_the_log_without_its_text(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Seen):
        async def finish(self, answer: Answer) -> str:
            raise ValueError("quoting the question")

        async def fail(self, error: HausgeistError, trace_id: str) -> None:
            raise ValueError("quoting the question")

    await house.dispatcher.run(turn("How much may a hotel in Paris cost?"), Broken())
    assert "nobody could be told" in caplog.text
    assert "quoting" not in caplog.text


async def test_a_conversation_is_answered_in_order(house: House) -> None:
    house.model = model = ScriptedModel(*["Second class. [1]"] * 5)
    house.__post_init__()
    texts = [f"How much may hotel number {n} in Paris cost?" for n in range(5)]
    async with asyncio.TaskGroup() as group:
        for text in texts:
            group.create_task(house.ask(text))
    assert [prompt.question for prompt in model.asked] == texts
    assert len(model.asked[-1].history) == 8


async def test_thumbs_find_the_answer_they_judge(house: House) -> None:
    await house.ask("How much may a hotel in Paris cost?")
    key = f"hg:feedback:{house.book.traces[0].id}"
    mara = Person("test:mara")
    assert (await house.dispatcher.accept(Feedback("f1", "answer-1", mara, Verdict.UP))).new
    assert await house.redis.hgetall(key) == {b"test:mara": b"up"}
    await house.dispatcher.accept(Feedback("f2", "answer-1", mara, Verdict.DOWN))
    await house.dispatcher.accept(Feedback("f3", "answer-1", mara, Verdict.UP, removed=True))
    assert await house.redis.hgetall(key) == {b"test:mara": b"down"}
    await house.dispatcher.accept(Feedback("f4", "answer-1", mara, Verdict.DOWN, removed=True))
    assert await house.redis.hgetall(key) == {}
    assert not (await house.dispatcher.accept(Feedback("f5", "somebody else's message", mara, Verdict.UP))).new


async def test_redis_lost_while_the_model_writes_still_shows_the_answer(house: House) -> None:
    class Losing(ScriptedModel):
        async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
            await lose(house.redis)
            async for piece in super().stream(prompt):
                yield piece

    house.model = Losing("A hotel in Paris may cost EUR 180 a night. [1]")
    house.__post_init__()
    seen = await house.ask("How much may a hotel in Paris cost?")
    assert seen.answer.sources
    assert house.book.traces[0].counts["forgotten"]


async def test_without_redis_nothing_is_accepted(house: House) -> None:
    await lose(house.redis)
    with pytest.raises(StateDown):
        await house.dispatcher.accept(turn("Hotels?"))


async def lose(redis: Redis) -> None:
    """From now on nobody listens where Redis was."""
    await redis.connection_pool.disconnect()
    redis.connection_pool = ConnectionPool.from_url("unix:///nowhere")


async def dump(redis: Redis) -> bytes:
    """Everything Redis holds."""
    held: list[bytes] = []
    for key in await redis.keys():
        held += [bytes(key), bytes(await redis.dump(key) or b"")]  # type: ignore[arg-type]  # nothing is decoded
    return b"\n".join(held)
