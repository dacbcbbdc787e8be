"""What stands around an answer: where it was asked, what came with it, how old its sources are, what it is called."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.answers import Answer, Source
from bot.assistant import TITLE_CHARACTERS
from bot.dispatch import Dispatcher
from bot.events import File, Turn
from bot.files import NotFetched
from bot.model import ScriptedModel
from bot.people import Directory
from bot.places import PERSONA, Place, Places
from bot.prompt import MAX_TOKENS, Prompt
from bot.screen import dated
from guardrails.pii import Guard
from rag.embedder import HashEmbedder
from rag.library import Library
from rag.passages import Passage
from rag.sources import Source as Folder
from tests.bot.house import House, Seen

HERE = "test:C1"
HOTEL = "How much may a hotel in Paris cost?"
SAID = "A hotel in Paris may cost EUR 180 a night. [1]"
TODAY = datetime.now(UTC).date()
SHELVES = {
    "travel": f"---\ndate: {TODAY}\n---\n# Travel\n\nA hotel in Paris may cost EUR 180 a night.\n",
    "archive": "---\ndate: 2019-05-01\n---\n# Old rules\n\nA hotel in Paris may cost EUR 120 a night.\n",
}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Two collections that answer the same question."""
    library = Library.open(tmp_path / "data", HashEmbedder())
    for name, text in SHELVES.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.md").write_text(text)
        assert not library.sync(Folder(tmp_path / name, name)).failed
    yield library
    library.close()


@pytest.fixture
def model() -> ScriptedModel:
    return ScriptedModel(*[SAID] * 4)


@pytest.fixture
def house(redis: Redis, guard: Guard, library: Library, model: ScriptedModel) -> House:
    return House(redis, guard, library, model, Directory({}, Places(redis)))


async def enable(house: House, settings: Place) -> None:
    await Places(house.redis).put(HERE, settings)


async def test_a_channel_s_persona_is_told_to_the_model_there_alone(house: House, model: ScriptedModel) -> None:
    await enable(house, Place(persona="Speak like a pirate."))
    await house.ask(HOTEL, place=HERE, private=False)
    await house.ask(HOTEL, conversation="test:2")
    there, elsewhere = [prompt.messages() for prompt in model.asked]
    assert there[-1]["content"].endswith("(Answer in English. Speak like a pirate.)")
    assert "pirate" not in str(elsewhere)
    assert there[:-1] == elsewhere[:-1], "the beginning never changes"


@pytest.mark.parametrize("persona", ["x" * PERSONA, "wörd " * (PERSONA // 5), "語" * PERSONA])
def test_a_persona_takes_its_room_from_the_passages(persona: str) -> None:
    passages = tuple(Passage(f"{n}", f"{n}", "Title", "", "Some words of a rule. " * 60) for n in range(9))
    fitting = Prompt("What of it?", passages, persona=persona).fitting(4096)
    assert fitting.passages
    assert fitting.tokens + MAX_TOKENS <= 4096


@pytest.mark.parametrize(
    ("collections", "found"),
    [((), {"travel", "archive"}), (("travel",), {"travel"}), (("archive", "hr"), {"archive"}), (("hr",), set())],
)
async def test_a_channel_s_scope_is_where_we_look(
    house: House, model: ScriptedModel, collections: tuple[str, ...], found: set[str]
) -> None:
    await enable(house, Place(collections=collections))
    seen = await house.ask(HOTEL, place=HERE, private=False)
    assert {passage.doc_id.removesuffix(".md") for prompt in model.asked for passage in prompt.passages} == found
    assert found or seen.answer.refused


async def test_an_old_source_is_marked_as_long_as_operators_trust_it_no_more(
    house: House, model: ScriptedModel
) -> None:
    await enable(house, Place(collections=("archive",)))
    model._drafts = [
        "A hotel in Paris may cost EUR 120 a night. [1]",
        "A hotel in Paris may cost EUR 120 a night. [1]",
        SAID,
    ]
    for days, stale in ((365.0, True), (365_000.0, False)):
        assistant = replace(house.assistant, stale_days=days)
        house.dispatcher = Dispatcher(assistant, house.memory, house.inbox, house.book)
        seen = await house.ask(HOTEL, place=HERE, private=False, conversation=f"test:{days}")
        assert [(source.date, source.stale) for source in seen.answer.sources] == [("2019-05-01", stale)]
    assert not (await house.ask(HOTEL, conversation="test:3")).answer.sources[0].stale


@pytest.mark.parametrize(
    ("date", "days", "stale"),
    [
        (f"{TODAY - timedelta(days=31)}", 30, True),
        (f"{TODAY - timedelta(days=29)}", 30, False),
        (f"{TODAY - timedelta(days=31)}T09:30:00Z", 30, True),
        (f"{TODAY + timedelta(days=400)}", 30, False),
        ("", 30, False),
        ("2019", 30, False),
        ("01.05.2019", 30, False),
        ("spring", 30, False),
        ("1970-01-01", 1e9, False),
        ("1970-01-01", float("inf"), False),
    ],
)
def test_only_a_date_that_says_so_makes_a_source_stale(date: str, days: float, stale: bool) -> None:
    source = Source(1, "a.md", "A", "…", date=date)
    assert dated([source], days) == (replace(source, stale=stale),)


async def test_the_first_answer_alone_names_the_conversation(house: House) -> None:
    assert (await house.ask(HOTEL)).answer.title == HOTEL
    assert (await house.ask("And how much is it a night in Paris?")).answer.title == ""
    seen = await house.ask(f"  How much\nmay   a hotel {'in Paris ' * 9}cost?", conversation="test:2")
    assert seen.answer.title == "How much may a hotel in Paris in Paris in Paris in Paris…"
    long = (await house.ask("x" * 200 + " hotel Paris?", conversation="test:3")).answer.title
    assert len(long) == TITLE_CHARACTERS


async def test_a_refusal_names_the_conversation_too(house: House, model: ScriptedModel) -> None:
    model._drafts.insert(0, "NO ANSWER")
    first, second = await house.ask(HOTEL), await house.ask(HOTEL + " ")
    assert (first.answer.refused, first.answer.title) == (True, HOTEL)
    assert (second.answer.refused, second.answer.title) == (False, "")


async def test_an_answer_that_names_no_document_says_so(house: House, model: ScriptedModel) -> None:
    model._drafts = ["Just ask around.", "A hotel in Paris may cost EUR 180 a night.", "NO ANSWER"]
    answers = [(await house.ask(HOTEL, conversation=f"test:{n}")).answer for n in range(3)]
    assert [answer.uncited for answer in answers] == [True, False, False]
    assert answers[0].text == "Just ask around."
    assert " ".join(answers[1].text.split()) == SAID, "what a passage clearly holds is cited though the model did not"
    assert not Answer("Passages.", "t", makeshift=True).uncited


class Shelf:
    """A platform's files."""

    def __init__(self, **held: bytes) -> None:
        self.held = held

    async def fetch(self, file: File, turn: Turn) -> bytes:
        if file.name.removesuffix(".md") not in self.held:
            raise NotFetched("gone")
        return self.held[file.name.removesuffix(".md")]


async def test_what_came_with_the_question_goes_before_what_was_found(house: House, model: ScriptedModel) -> None:
    model._drafts = ["The plan says EUR 210 in Paris. [1] The rules say EUR 180 a night. [2]"]
    shelf = Shelf(plan=b"# Plan\n\nThe hotel in Paris costs EUR 210.\n")
    house.dispatcher.register("test", lambda turn, ticket: Seen(), fetch=shelf.fetch)
    await enable(house, Place(collections=("travel",)))
    seen = await house.ask(HOTEL, files=(File("plan.md"),), place=HERE)
    assert [passage.doc_id for passage in model.asked[0].passages] == ["file:plan.md", "travel.md"]
    first, second = seen.answer.sources
    assert (first.number, first.doc_id, first.title, first.stale) == (1, "file:plan.md", "plan.md", False)
    assert (second.number, second.doc_id) == (2, "travel.md")
    assert not seen.answer.notices


async def test_what_could_not_be_read_is_said_with_the_answer(house: House) -> None:
    house.dispatcher.register("test", lambda turn, ticket: Seen(), fetch=Shelf().fetch)
    files = (File("photo.png", "image/png"), File("lost.md"))
    seen = await house.ask(HOTEL, files=files, notices=("Asked about a message of Lena's.",))
    assert seen.answer.notices[:3] == (
        "Asked about a message of Lena's.",
        "photo.png: I cannot look at pictures.",
        "lost.md: it is not there any more.",
    )
    assert seen.answer.text == SAID


async def test_a_file_alone_can_hold_the_answer(house: House, model: ScriptedModel) -> None:
    model._drafts = ["The plan says EUR 210 in Paris. [1]"]
    await enable(house, Place(collections=("nothing",)))
    shelf = Shelf(plan=b"The hotel in Paris costs EUR 210.\n")
    house.dispatcher.register("test", lambda turn, ticket: Seen(), fetch=shelf.fetch)
    seen = await house.ask(HOTEL, files=(File("plan.md"),), place=HERE)
    assert not seen.answer.refused
    assert [source.doc_id for source in seen.answer.sources] == ["file:plan.md"]


async def test_personal_data_known_from_the_question_is_hidden_in_its_files_too(
    house: House, model: ScriptedModel
) -> None:
    model._drafts = ["The hotel of <EMAIL_ADDRESS_1> costs EUR 210. [1]"]
    shelf = Shelf(plan=b"ann.meier@firm.example pays EUR 210 for the hotel in Paris.\n")
    house.dispatcher.register("test", lambda turn, ticket: Seen(), fetch=shelf.fetch)
    seen = await house.ask(f"I am ann.meier@firm.example. {HOTEL}", files=(File("plan.md"),))
    assert "ann.meier" not in str(model.asked[0])
    assert "ann.meier@firm.example" in seen.answer.text
    assert "ann.meier@firm.example" in seen.answer.sources[0].excerpt
