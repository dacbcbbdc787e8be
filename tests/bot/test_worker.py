"""From the inbox to the person, with real parts: once, in order, never in silence, whoever goes in between."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from redis.asyncio import Redis

from bot.answers import Answer, Reply
from bot.errors import ModelDown, Undelivered
from bot.events import Again, Command, Deleted, Edited, Person, Turn
from bot.inbox import Inbox
from bot.model import ScriptedModel
from bot.prompt import Prompt
from bot.seal import Seal
from bot.ticket import Superseded, Ticket
from bot.worker import IDLE_SECONDS, TRIES, Worker
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import KEY, House, Seen, turn, until

MARA = Person("test:mara", "Mara")
HOTEL = "How much may a hotel in Paris cost?"
SAID = "A hotel in Paris may cost EUR 180 a night. [1]"


@dataclass
class Platform:
    """Where answers are shown: one message for each that is posted, edited from then on."""

    replies: list[Seen] = field(default_factory=list)
    tickets: list[Ticket] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    kind: type[Seen] = Seen

    def open(self, asked: Turn, ticket: Ticket) -> Reply:
        seen = self.kind()
        self.replies.append(seen)
        self.tickets.append(ticket)
        return seen

    @property
    def answers(self) -> list[Answer]:
        return [answer for reply in self.replies for answer in reply.answers]

    @property
    def failures(self) -> list[str]:
        return [text for reply in self.replies for text, _ in reply.failures]


class Hanging(ScriptedModel):
    """Begins to write, and is never done."""

    hung_up = 0

    async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
        self.asked.append(prompt)
        try:
            yield "A hotel in Paris "
            await asyncio.Event().wait()
        finally:
            self.hung_up += 1


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library) -> House:
    return House(redis, guard, library, ScriptedModel(*[SAID] * 9))


@pytest.fixture
def platform(house: House) -> Platform:
    return with_platform(house, Platform())


def with_platform(house: House, platform: Platform) -> Platform:
    house.dispatcher.register("test", platform.open)
    return platform


def with_model(house: House, model: ScriptedModel, platform: Platform) -> None:
    house.model = model
    house.__post_init__()
    with_platform(house, platform)


@asynccontextmanager
async def working(house: House, slots: int = 4, lease: float = 5.0) -> AsyncIterator[Worker]:
    worker = Worker(Inbox(house.redis, Seal(KEY), lease), house.dispatcher, house.book, slots)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        await worker.drain(0)
        task.cancel()
        await asyncio.wait([task])


async def idle(house: House) -> None:
    """Waits until nothing waits or runs."""
    while (line := await house.inbox.line()).messages or line.running:
        await asyncio.sleep(0.01)


async def test_a_question_is_answered_once_however_often_it_comes(house: House, platform: Platform) -> None:
    twin = turn(HOTEL, event_id="another event of the same message")
    receipts = [await house.dispatcher.accept(event) for event in (turn(HOTEL), turn(HOTEL), twin)]
    assert [receipt.new for receipt in receipts] == [True, False, False]
    async with working(house):
        await idle(house)
    (answer,) = platform.answers
    assert answer.text == SAID
    assert house.book.traces[-1].outcome == "answered"


async def test_what_comes_while_an_answer_runs_is_answered_with_the_next(house: House, platform: Platform) -> None:
    with_model(house, model := Hanging(), platform)
    async with working(house):
        await house.dispatcher.accept(turn(HOTEL, message_id="m-1"))
        await until(lambda: model.asked)
        for text in ("And in Rome?", "And in Berlin, by train in second class?"):
            await house.dispatcher.accept(turn(text))
        await house.dispatcher.accept(Deleted("d-1", "m-1", "test:1"))
        await until(lambda: len(model.asked) == 2)
    assert model.asked[1].question == "And in Rome?\nAnd in Berlin, by train in second class?"


async def test_stop_ends_the_model_s_work_and_says_so(house: House, platform: Platform) -> None:
    with_model(house, model := Hanging(), platform)
    async with working(house):
        await house.dispatcher.accept(turn(HOTEL))
        await until(lambda: model.asked)
        receipt = await house.dispatcher.accept(Command("stop-1", "stop", MARA, "test:"))
        assert receipt.note == "I stop answering you here."
        await idle(house)
    assert model.hung_up == 1
    assert platform.failures == ["Stopped."]
    assert (await house.dispatcher.accept(Command("s2", "stop", MARA, "test:1"))).note.startswith("I am not answering")


async def test_a_drained_worker_hands_over_and_the_next_one_finishes(house: House, platform: Platform) -> None:
    with_model(house, hanging := Hanging(), platform)
    await house.dispatcher.accept(turn(HOTEL))
    async with working(house):
        await until(lambda: hanging.asked)
    assert not platform.failures
    with_model(house, ScriptedModel(SAID), platform)
    async with working(house):
        await idle(house)
    (answer,) = platform.answers
    assert answer.text == SAID
    assert platform.tickets[-1].again
    assert [trace.outcome for trace in house.book.traces] == ["handed over", "answered"]


async def test_all_turns_of_a_worker_that_died_are_taken_over_at_once(house: House, platform: Platform) -> None:
    dead = Inbox(house.redis, Seal(KEY), lease_seconds=0.3)
    for number in range(4):
        await house.dispatcher.accept(turn(f"{number}: {HOTEL}", conversation=f"test:{number}"))
        await dead.bell(1)
        assert await dead.take()
    await asyncio.sleep(0.35)
    begun = time.monotonic()
    async with working(house):
        await idle(house)
    assert len(platform.answers) == 4
    assert time.monotonic() - begun < 2 * IDLE_SECONDS


async def test_an_answer_that_was_shown_and_remembered_is_not_given_again(house: House, platform: Platform) -> None:
    await house.ask(HOTEL)
    await house.dispatcher.accept(turn(HOTEL))
    async with working(house):
        await idle(house)
    assert not platform.answers
    assert house.book.traces[-1].outcome == "answered before"


async def test_who_lost_its_lease_says_nothing_more(house: House, platform: Platform) -> None:
    with_model(house, model := Hanging(), platform)
    async with working(house, lease=1.2) as worker:
        await house.dispatcher.accept(turn(HOTEL))
        await until(lambda: model.asked)
        (lease,) = worker._leases
        await house.redis.hset("hg:{inbox}:turn:test:1", "fence", str(int(lease.job.fence) + 1))
        await until(lambda: model.hung_up)
        with pytest.raises(Superseded):
            await lease.record("ts-1")
        with pytest.raises(Superseded):
            async with lease.leave():
                raise AssertionError("nothing may be said any more")
    assert not platform.failures
    assert house.book.traces[0].outcome == "superseded"


async def test_what_breaks_us_is_tried_again_then_told_parked_and_replayed(house: House, platform: Platform) -> None:
    class Breaking(ScriptedModel):
        async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
            yield ""
            raise ZeroDivisionError("quoting the question")

    with_model(house, Breaking(), platform)
    await house.dispatcher.accept(turn(HOTEL))
    job = await house.inbox.take()
    for _ in range(TRIES - 1):  # the pauses between tries are passed over
        assert job
        await house.inbox.release(job, counts=True)
        job = await house.inbox.take()
    assert job
    await house.inbox.release(job)
    async with working(house):
        await idle(house)
        assert platform.failures == ["Something went wrong on our side."]
        (parked,) = await house.inbox.parked()
        assert parked.id == platform.replies[-1].failures[0][1]
        with_model(house, ScriptedModel(SAID), platform)
    assert await house.inbox.replay(parked.id)
    async with working(house):
        await idle(house)
    assert platform.answers[0].text == SAID


async def test_what_the_platform_does_not_take_is_put_off(house: House, platform: Platform) -> None:
    class Deaf(Seen):
        async def finish(self, answer: Answer) -> str:
            raise Undelivered("not now")

    platform.kind = Deaf
    await house.dispatcher.accept(turn(HOTEL))
    async with working(house):
        await until(lambda: house.book.traces)
    line = await house.inbox.line()
    assert (line.later, line.messages) == (1, 1)
    assert house.book.traces[0].outcome == "undelivered"


async def test_a_failure_can_be_asked_again_once_by_who_asked(house: House, platform: Platform) -> None:
    class Half(ScriptedModel):
        async def stream(self, prompt: Prompt) -> AsyncIterator[str]:
            yield SAID + " And"
            raise ModelDown("The model went away.")

    with_model(house, Half(), platform)
    await house.dispatcher.accept(turn(HOTEL))
    async with working(house):
        await idle(house)
    ((text, trace_id),) = platform.replies[-1].failures
    assert text == "The model went away."
    with_model(house, ScriptedModel(SAID), platform)
    press = Again("press-1", trace_id, MARA)
    assert "Only the person" in (await house.dispatcher.accept(replace(press, person=Person("test:lena")))).note
    assert "do not have" in (await house.dispatcher.accept(replace(press, kept="unknown"))).note
    assert [(await house.dispatcher.accept(replace(press, event_id=f"p{n}"))).new for n in (1, 2)] == [True, False]
    async with working(house):
        await idle(house)
    (answer,) = platform.answers
    assert answer.text == SAID


async def test_passages_in_place_of_an_answer_can_be_asked_again_whoever_dies_after_showing_them(
    house: House, platform: Platform
) -> None:
    class Dying(Seen):
        async def finish(self, answer: Answer) -> str:
            assert await house.inbox.kept(answer.trace_id), "the question is kept before its button is shown"
            return await super().finish(answer)

    platform.kind = Dying
    with_model(house, ScriptedModel(ModelDown("away")), platform)
    await house.dispatcher.accept(turn(HOTEL))
    async with working(house):
        await idle(house)
    assert platform.answers[0].makeshift


async def test_an_edited_question_offers_a_new_answer_and_gives_none_by_itself(
    house: House, platform: Platform
) -> None:
    asked = turn(HOTEL)
    await house.dispatcher.accept(asked)
    async with working(house):
        await idle(house)
        change = Edited("edit-1", "v1", replace(asked, text="Which class are trains booked in?"))
        receipt = await house.dispatcher.accept(change)
        assert receipt.offer
        assert not (await house.dispatcher.accept(change)).new
        await idle(house)
        assert len(platform.answers) == 1
        await house.dispatcher.accept(Again("press-1", receipt.offer, MARA))
        await idle(house)
    assert len(platform.answers) == 2


async def test_a_deleted_question_is_erased_with_its_answer_and_its_personal_data(
    house: House, platform: Platform
) -> None:
    asked = turn("I am ann.meier@firm.example, how much may a hotel in Paris cost?", message_id="m-1")
    async with working(house):
        for event in (asked, turn("Which class are trains booked in?", message_id="m-2")):
            await house.dispatcher.accept(event)
            await idle(house)
        await house.dispatcher.accept(Deleted("d-1", "m-1", "test:1"))
    talk = await house.memory.recall("test:1")
    assert [one.messages for one in talk.exchanges] == [("m-2",)]
    assert len(talk.vault) == 0
    assert not await house.redis.exists("hg:answer:answer-1")


async def test_deleted_while_it_runs_it_is_stopped_and_not_remembered(house: House, platform: Platform) -> None:
    with_model(house, model := Hanging(), platform)
    async with working(house):
        await house.dispatcher.accept(turn(HOTEL, message_id="m-1"))
        await until(lambda: model.asked)
        await house.dispatcher.accept(Deleted("d-1", "m-1", "test:1"))
        await idle(house)
    assert not (await house.memory.recall("test:1")).exchanges


async def test_reset_forgets_the_conversation(house: House, platform: Platform) -> None:
    await house.ask(HOTEL)
    await house.ask(HOTEL + " ", conversation="test:2")
    receipt = await house.dispatcher.accept(Command("r1", "reset", MARA, "test:1"))
    assert receipt.note == "I have forgotten this conversation."
    assert not (await house.memory.recall("test:1")).exchanges
    assert (await house.memory.recall("test:2")).exchanges
    assert "forgotten" in (await house.dispatcher.accept(Command("r2", "reset", MARA, "test:"))).note
    assert not (await house.memory.recall("test:2")).exchanges
    assert "remember nothing" in (await house.dispatcher.accept(Command("r3", "reset", MARA, "test:1"))).note


async def test_who_waits_long_is_told(house: House, platform: Platform) -> None:
    with_model(house, model := Hanging(), platform)
    async with working(house, slots=1):
        await house.dispatcher.accept(turn(HOTEL))
        await until(lambda: model.asked)
        await house.dispatcher.accept(turn("Wie lange noch warten wir auf eine Antwort?", conversation="test:2"))
        await house.redis.zadd("hg:{inbox}:untold", {"test:2": 0})
        told = "Ihre Frage wartet, 1 sind vor Ihnen …"
        await until(lambda: any(told in reply.waits for reply in platform.replies))


async def test_one_person_leaves_a_slot_to_others(house: House, platform: Platform) -> None:
    with_model(house, model := Hanging(), platform)
    async with working(house, slots=3):
        for n in range(5):
            await house.dispatcher.accept(turn(f"{HOTEL} {n}", conversation=f"test:{n}"))
        await until(lambda: len(model.asked) == 2)
        await house.dispatcher.accept(
            turn("Which class are trains booked in?", conversation="lena:1", person=Person("test:lena"))
        )
        await until(lambda: len(model.asked) == 3)
        assert model.asked[2].question == "Which class are trains booked in?"


async def test_a_mention_added_by_an_edit_is_a_question(house: House, platform: Platform) -> None:
    receipt = await house.dispatcher.accept(Edited("e1", "v1", turn(HOTEL, event_id="e1")))
    assert receipt.new
    async with working(house):
        await idle(house)
    assert len(platform.answers) == 1


async def test_a_platform_that_is_not_set_up_here_may_be_elsewhere(house: House, platform: Platform) -> None:
    await house.dispatcher.accept(turn(HOTEL, platform="elsewhere"))
    async with working(house):
        await until(lambda: house.book.traces)
    assert (await house.inbox.line()).later == 1


async def test_too_many_questions_are_told_so_at_once(house: House, platform: Platform) -> None:
    receipts = [await house.dispatcher.accept(turn(f"Hotel {n}?")) for n in range(25)]
    assert receipts[-1].note.startswith("Too many questions")
    assert not receipts[0].note


async def test_a_thread_of_several_is_told_apart(house: House, platform: Platform) -> None:
    with_model(house, model := ScriptedModel(*[SAID] * 2), platform)
    async with working(house):
        await house.dispatcher.accept(turn(HOTEL))
        await idle(house)
        await house.dispatcher.accept(turn("And in second class by train?", person=Person("test:lena")))
        await idle(house)
    said = [message["content"] for message in model.asked[1].messages()]
    assert f"Colleague 1: {HOTEL}" in said
    assert "Colleague 2: And in second class by train?" in said[-1]
    assert "test:" not in str(said)
