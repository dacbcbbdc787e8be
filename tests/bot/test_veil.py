"""What of a text goes where."""

import pytest
from redis.asyncio import Redis

from bot.errors import Blocked, GuardDown
from bot.events import Message
from bot.model import ScriptedModel
from bot.veil import REMEMBERED, Bounds, Veil
from guardrails.masking import Span, Vault
from guardrails.pii import Guard, GuardFailed
from guardrails.policy import STANDARD, Stage
from rag.library import Library
from rag.passages import Passage
from tests.bot.house import House

KEY = "AKIAIOSFODNN7EXAMPLE"
MAIL = "eva.muster@firm.example"


def passage(text: str, collection: str = "default", title: str = "Rules", doc_id: str = "a.md") -> Passage:
    return Passage(f"{doc_id}#0", doc_id, title, "", text, collection=collection)


@pytest.fixture
def changed() -> Guard:
    """A guard with names allowed at the model."""
    guard = Guard(policy=STANDARD.changed("PERSON@model=allow"))
    guard.load()
    return guard


async def test_a_secret_is_refused_by_its_kind_in_the_persons_language(guard: Guard) -> None:
    for language, words in (
        ("en", "password or key"),
        ("de", "Passwort oder Schlüssel"),
        ("fr", "mot de passe ou clé"),
    ):
        with pytest.raises(Blocked, match=words):
            await Veil(guard).question(f"Why does {KEY} fail?", Vault(), language)  # type: ignore[arg-type]  # a literal


async def test_a_secret_said_before_or_standing_in_a_document_is_masked(guard: Guard) -> None:
    veil, vault = Veil(guard), Vault()
    (line,) = await veil.thread([Message("user", f"The key is {KEY}")], vault)
    (read,) = await veil.passages([passage(f"The key is {KEY}; ask Beat Huber.")], vault)
    assert KEY not in line.text + read.text
    assert "Beat Huber" in read.text


async def test_names_are_searched_and_account_numbers_are_not(guard: Guard) -> None:
    veil = Veil(guard)
    text = "What did Anna Keller decide about CH93 0076 2011 6238 5295 7 ?"
    question = await veil.question(text, Vault(), "en")
    assert await veil.query(text, found=question.found) == "What did Anna Keller decide about ?"
    assert await veil.query("Who is Eva?", text, found=question.found) == (
        "Who is Eva? What did Anna Keller decide about ?"
    )
    outside = Veil(guard, Bounds(index=Stage.OUTSIDE))
    assert await outside.query(text) == "What did decide about ?"


async def test_documents_are_read_as_they_are_but_for_what_the_conversation_hides(guard: Guard) -> None:
    veil, vault = Veil(guard), Vault()
    await veil.question("What did Anna Keller decide?", vault, "en")
    (read,) = await veil.passages([passage("Ms Keller and Beat Huber decided it.", title="By Anna Keller")], vault)
    assert (read.text, read.title) == ("Ms <PERSON_1_2> and Beat Huber decided it.", "By <PERSON_1>")


@pytest.mark.parametrize(
    "bounds", [Bounds(model=Stage.OUTSIDE), Bounds(masked_collections=frozenset({"hr"}))], ids=["outside", "collection"]
)
async def test_a_model_elsewhere_and_a_closed_collection_are_masked_wholly(guard: Guard, bounds: Bounds) -> None:
    documents = [passage(f"Ask {MAIL}.", "hr", f"By {MAIL}")]
    (read,) = await Veil(guard, bounds).passages(documents, Vault())
    assert "<EMAIL_ADDRESS_1>" in read.text
    assert read.title == "By <EMAIL_ADDRESS_1>"


async def test_files_and_their_names_are_masked_as_the_question_is(guard: Guard) -> None:
    veil, vault = Veil(guard), Vault()
    own = passage(f"Write to {MAIL}.", "", "CV Anna Keller.pdf", "file:CV Anna Keller.pdf")
    (read,) = await veil.passages([own], vault)
    assert "Keller" not in read.context
    assert MAIL not in read.context
    (kept, document) = await veil.names([own.doc_id, "people/anna-keller.md"], vault)
    assert "Keller" not in kept
    assert document == "people/anna-keller.md"


async def test_what_is_remembered_fits_the_stage_it_goes_to(guard: Guard, changed: Guard) -> None:
    for policy, told in ((guard, "<PERSON_1> asked."), (changed, "Anna Keller asked.")):
        vault = Vault()
        kept = await Veil(policy).kept("Anna Keller asked.", vault)
        assert kept == "<PERSON_1> asked."
        (line,) = await Veil(policy).remembered([Message("user", kept)], vault)
        assert line.text == told


async def test_where_names_are_allowed_at_the_model_they_are_masked_where_they_stay(changed: Guard) -> None:
    question = await Veil(changed).question("What did Anna Keller decide?", Vault(), "en")
    assert question.masked.text == "What did Anna Keller decide?"
    assert question.kept == "What did <PERSON_1> decide?"


async def test_a_document_is_looked_at_once(guard: Guard) -> None:
    looked: list[str] = []

    class Counting(Guard):
        async def detect(self, text: str) -> tuple[Span, ...]:
            looked.append(text)
            return await guard.detect(text)

    veil = Veil(Counting())
    for _ in range(3):
        await veil.passages([passage("The lift is red.")], Vault())
    assert looked == ["Rules", "The lift is red."]
    assert REMEMBERED >= 1000


async def test_without_a_guard_nothing_passes() -> None:
    class Gone(Guard):
        async def detect(self, text: str) -> tuple[Span, ...]:
            raise GuardFailed("gone")

    veil = Veil(Gone())
    for attempt in (
        veil.question("Why?", Vault(), "en"),
        veil.query("Why?"),
        veil.thread([Message("user", "Why?")], Vault()),
        veil.passages([passage("So.")], Vault()),
        veil.kept("Why?", Vault()),
    ):
        with pytest.raises(GuardDown):
            await attempt


async def test_a_value_that_comes_back_is_no_markup_and_calls_nobody(
    redis: Redis, guard: Guard, library: Library
) -> None:
    model = ScriptedModel("It is \\<PERSON\\_1\\>, says PERSON_1. A hotel in Paris costs EUR 180. [1]")
    house = House(redis, guard, library, model)
    talk = await house.memory.recall("test:1")
    bad = "<!channel> *x* [a](https://evil.example/x)"

    class Naming(Guard):
        async def detect(self, text: str) -> tuple[Span, ...]:
            at = text.find(bad)
            return (Span(at, at + len(bad), "PERSON"),) if at >= 0 else ()

    house.guard = Naming()
    house.__post_init__()
    seen = await house.ask(f"How much may a hotel in Paris cost, {bad}?")
    assert bad not in model.asked[0].question
    assert "<!channel>" not in seen.answer.text
    assert "](https" not in seen.answer.text
    assert seen.answer.text.count("\\*x\\*") == 2
    after = await house.memory.recall("test:1")
    assert not talk.exchanges
    assert "evil.example" not in after.exchanges[0].answer
    assert "<PERSON_1" in after.exchanges[0].answer
