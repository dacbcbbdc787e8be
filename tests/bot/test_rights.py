"""A right that was withdrawn, or that others who read along do not have: nothing made from such a document is said."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from redis.asyncio import Redis

from bot.answers import Answer
from bot.events import AskPerson, Person, Share, Turn
from bot.groups import Groups
from bot.model import ScriptedModel
from bot.people import PUBLIC, Directory
from bot.veil import Bounds, Veil
from guardrails.pii import Guard
from rag.library import Library
from tests.bot.house import House, Seen, turn

MARA, LENA = Person("test:mara", "Mara"), Person("test:lena", "Lena")
SALARY = "What is the maximum salary at level 5?"
PAID = "The maximum salary at level 5 is CHF 137000. [1]"
HOTEL = "How much may a hotel in Paris cost?"
PARIS = "A hotel in Paris may cost EUR 180 a night. [1]"


class Readers:
    """A platform that says who reads along."""

    def __init__(self, *people: Person) -> None:
        self.people = people

    async def groups_of(self, people: Collection[str], turn: Turn) -> Mapping[str, frozenset[str]]:
        return dict.fromkeys(people, PUBLIC)

    async def readers_of(self, turn: Turn) -> frozenset[str] | None:
        return frozenset(person.id for person in self.people)

    def forget(self) -> None: ...


@pytest.fixture
def groups(tmp_path: Path) -> Path:
    """The operator's file: both are in hr."""
    file = tmp_path / "groups.toml"
    file.write_text(f'hr = ["{MARA.id}", "{LENA.id}"]\n')
    return file


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library, groups: Path) -> House:
    return House(redis, guard, library, ScriptedModel(), Directory(Groups({}, groups)))


async def ask(house: House, draft: str, text: str, **changes: object) -> Answer:
    model = ScriptedModel(draft)
    object.__setattr__(house.assistant, "model", model)
    house.model = model
    seen: Seen = await house.ask(text, **changes)
    return seen.answer


def shown_to_the_model(house: House) -> str:
    """All that the model read for the last answer."""
    return repr(house.model.asked[-1])  # type: ignore[attr-defined]  # a scripted one


async def test_what_was_said_before_is_not_told_again_once_the_right_is_gone(house: House, groups: Path) -> None:
    assert "137000" in (await ask(house, PAID, SALARY)).text
    await ask(house, f"{PARIS} And you earn a lot.", HOTEL)
    assert "137000" in shown_to_the_model(house), "as long as she may read it, the thread holds it"
    groups.write_text("hr = []\n")
    answer = await ask(house, PARIS, "How much may a hotel in Paris cost, and what was the salary?", message_id="m-3")
    assert "137000" not in shown_to_the_model(house)
    assert "earn a lot" not in shown_to_the_model(house), "an answer that knew of it is left out with it"
    assert "secret/pay.md" not in answer.read
    groups.write_text(f'hr = ["{MARA.id}"]\n')
    await ask(house, PAID, "What is the maximum salary at level 5, which you told me?", message_id="m-4")
    assert "137000" in shown_to_the_model(house)


async def test_what_a_document_said_before_it_was_closed_is_not_told_again(
    house: House, library: Library, tmp_path: Path
) -> None:
    lena = {"person": Person("test:other"), "conversation": "test:2"}
    assert "180" in (await ask(house, PARIS, HOTEL, **lena)).text
    rules = tmp_path / "handbook" / "_documents.toml"
    rules.write_text(rules.read_text() + '[[documents]]\nmatch = "travel.md"\ngroups = ["hr"]\n')
    for known in library.sources():
        library.sync(known.source)
    await ask(house, "Everybody has 25 days. [1]", "How many days of holiday do I have?", **lena)
    assert "180" not in shown_to_the_model(house)


async def test_of_an_older_release_nothing_is_told_as_nobody_noted_what_it_was_made_from(house: House) -> None:
    await ask(house, PARIS, HOTEL)
    key = "hg:talk:{test:1}:exchanges"
    kept = orjson.loads((await cast(Any, house.redis.lrange(key, 0, -1)))[0])
    del kept["read"]
    await cast(Any, house.redis.lset(key, 0, orjson.dumps(kept).decode()))
    await ask(house, PARIS, "How much may a hotel in Paris cost, did you say before?", message_id="m-2")
    assert house.model.asked[-1].history == ()  # type: ignore[attr-defined]  # a scripted one


async def test_a_channel_gets_what_all_may_read_and_its_asker_is_told_that_there_is_more(house: House) -> None:
    roster = Readers(MARA, LENA)
    house.directory.consult("test", roster)
    there: dict[str, object] = {"private": False, "person": MARA, "place": "test:C1"}
    answer = await ask(house, PAID, SALARY, conversation="test:C1:1", **there)
    assert ("137000" in answer.text, answer.notices) == (True, ())
    roster.people = (MARA, LENA, Person("test:gast"))
    answer = await ask(house, PAID, SALARY, conversation="test:C1:1", message_id="m-2", **there)
    assert answer.refused
    assert "137000" not in shown_to_the_model(house) if house.model.asked else True  # type: ignore[attr-defined]
    assert "Ask me in private" in answer.notices[0]


async def test_that_there_is_more_in_private_does_not_tell_about_what(house: House) -> None:
    house.directory.consult("test", Readers(MARA, LENA, Person("test:gast")))
    there: dict[str, object] = {"private": False, "person": MARA, "place": "test:C1"}
    told = [
        (await ask(house, draft, text, conversation=f"test:C1:{text}", **there)).notices
        for draft, text in ((PARIS, HOTEL), (PAID, SALARY), ("-", "Who won the race at the weekend?"))
    ]
    assert told[0] == told[1] == told[2] != ()


async def test_an_answer_is_shared_where_all_may_read_what_it_was_made_from(house: House, groups: Path) -> None:
    roster = Readers(MARA, LENA)
    house.directory.consult("test", roster)
    question = turn(SALARY, person=MARA, place="test:C1", conversation="test:C1:slash")
    answer = await ask(house, PAID, SALARY, person=MARA, place="test:C1", conversation="test:C1:slash")
    await house.inbox.keep_answer(answer.trace_id, question, answer)
    there = Turn("", "", "test", "test:C1", MARA, "", place="test:C1")
    roster.people = (MARA, Person("test:gast"))
    receipt = await house.dispatcher.accept(Share("press-1", answer.trace_id, there))
    assert "Pay bands is not open to all" in receipt.note
    roster.people = (MARA, LENA)
    assert (await house.dispatcher.accept(Share("press-2", answer.trace_id, there))).note == ""
    groups.write_text(f'hr = ["{LENA.id}"]\n')
    assert "not open to all" in (await house.dispatcher.accept(Share("press-3", answer.trace_id, there))).note


async def test_who_helps_is_told_nothing_of_what_is_not_open_to_all(house: House) -> None:
    await ask(house, PAID, SALARY)
    case = (await house.dispatcher.accept(AskPerson("p-1", "answer-1", MARA))).case
    assert case
    assert (case.question, case.sources) == (SALARY, ())
    assert "137000" not in repr(case)
    assert "not open to all" in case.answer


async def test_who_cannot_be_placed_is_told_that_something_may_be_missing(house: House, groups: Path) -> None:
    groups.write_text("hr = [")
    answer = await ask(house, PARIS, HOTEL)
    assert "which groups you are in" in answer.notices[0]


MAIL = "paula.meier@firm.example"


async def test_a_value_of_a_closed_document_is_not_asked_back_by_its_placeholder(
    house: House, library: Library, groups: Path, tmp_path: Path
) -> None:
    object.__setattr__(house.assistant, "veil", Veil(house.guard, Bounds(masked_collections=frozenset({"default"}))))
    pay = tmp_path / "handbook" / "secret" / "pay.md"
    pay.write_text(f"{pay.read_text()}\nQuestions on the maximum salary at level 5 go to {MAIL}.\n")
    for known in library.sources():
        library.sync(known.source)
    told = "Questions on the maximum salary go to <EMAIL_ADDRESS_1>. [1]"
    assert MAIL in (await ask(house, told, f"{SALARY} Whom do I ask?")).text.replace("\\", "")
    groups.write_text("hr = []\n")
    for number, name in enumerate(("EMAIL_ADDRESS_1", "<EMAIL_ADDRESS_1>", "&lt;EMAIL_ADDRESS_1&gt;")):
        question = f"How much may a hotel in Paris cost, and what is {name}?"
        answer = await ask(house, f"{PARIS} It is {name}. [1]", question, message_id=f"m-9{number}")
        assert MAIL not in repr(answer).replace("\\", ""), name


async def test_the_copy_of_what_is_kept_leaves_out_what_is_closed_by_now(house: House, groups: Path) -> None:
    await ask(house, PAID, SALARY)
    await ask(house, PARIS, HOTEL, conversation="test:2")
    export = turn("", person=MARA, errand="export-me")
    assert "137000" in await house.errands.run(export)
    groups.write_text("hr = []\n")
    copy = await house.errands.run(export)
    assert ("137000" in copy, SALARY in copy, "EUR 180" in copy) == (False, True, True)
    assert "may not read now" in copy
    assert "137000" not in await house.errands.run(turn("", person=LENA, errand="export-me")), "nor is it another's"


async def test_a_button_names_no_document_to_who_may_not_read_it(house: House, groups: Path) -> None:
    question = turn(SALARY, person=MARA, place="test:C1", conversation="test:C1:slash")
    answer = await ask(house, PAID, SALARY, person=MARA, place="test:C1", conversation="test:C1:slash")
    await house.inbox.keep_answer(answer.trace_id, question, answer)
    groups.write_text("hr = []\n")
    receipt = await house.dispatcher.accept(
        Share("press-1", answer.trace_id, Turn("", "", "test", "test:C1", MARA, "", place="test:C1"))
    )
    assert "not open to all" in receipt.note
    assert ("Pay bands" in receipt.note, "pay.md" in receipt.note) == (False, False)
