"""An approved answer is found by its very question, whatever its form, by those who may read it, until it expires."""

from datetime import date, timedelta

import pytest

from rag.embedder import HashEmbedder
from rag.library import Library
from rag.retriever import Retriever
from tests.rag.shelf import PUBLIC, Shelf

QUESTION = "Who do I contact about a lost badge?"
LATER = (date.today() + timedelta(days=30)).isoformat()


async def first(library: Library, question: str, *groups: str, today: date | None = None) -> str:
    retriever = Retriever(library, today=lambda: today or date.today())
    hits = await retriever.search(question, frozenset(groups))
    return hits[0].passage.text if hits else ""


@pytest.mark.parametrize(
    ("known", "asked", "same"),
    [
        (QUESTION, "whom should I contact about lost badges", True),
        (QUESTION, "I lost my badge, who do I contact?", True),
        (QUESTION, "Who do I contact about a lost laptop?", False),
        (QUESTION, "Who do I contact about a lost badge in Berlin?", False),
        (QUESTION, "Who do I contact about a badge?", False),
        ("Wie viele Ferientage habe ich?", "Wie viele Ferientage stehen mir zu?", True),
        ("Wie viele Ferientage habe ich?", "Wie viele Krankheitstage habe ich?", False),
        ("Wie viele Ferientage habe ich?", "Wie viele Ferientage haben Lernende?", False),
        ("Combien de jours de congé ai-je ?", "J'ai combien de jours de congé ?", True),
        ("Combien de jours de congé ai-je ?", "Combien de jours de télétravail ai-je ?", False),
        ("May I work from abroad?", "May I not work from abroad?", False),
    ],
)
async def test_the_same_question_in_another_form_and_no_other(
    library: Library, known: str, asked: str, same: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.curated.NEAR", 0.0)  # the hashing embedder knows no meaning
    library.curated.add([known], "The approved answer.", "Ann", [], LATER)
    assert (await first(library, asked) == "The approved answer.") is same


async def test_another_wording_may_stand_beside(library: Library) -> None:
    library.curated.add([QUESTION, "Where is a stolen badge reported?"], "Reception.", "Ann", [], LATER)
    assert await first(library, "Where is a stolen badge reported?") == "Reception."


async def test_it_wins_over_documents_and_names_its_owner(shelf: Shelf) -> None:
    shelf.put("badges.md", f"# {QUESTION}\nAbout a lost badge contact the porter.")
    shelf.sync()
    number = shelf.library.curated.add([QUESTION], "Reception, 24 hours.", "Ann", [], LATER)
    hits = await Retriever(shelf.library).search(QUESTION, PUBLIC)
    best = hits[0].passage
    assert (best.doc_id, best.text, best.owner) == (f"curated/{number}", "Reception, 24 hours.", "Ann")
    assert best.date == date.today().isoformat()
    assert hits[1].passage.doc_id == "badges.md"
    assert shelf.library.curated.remove(number)
    assert await shelf.find(QUESTION) == ["badges.md"]
    assert not shelf.library.curated.remove(number)


async def test_only_its_groups_find_it_or_open_it(library: Library) -> None:
    number = library.curated.add([QUESTION], "Only HR knows.", "Ann", ["hr"], LATER)
    assert await first(library, QUESTION) == await first(library, QUESTION, "it") == ""
    assert await first(library, QUESTION, "hr") == "Only HR knows."
    readable = Retriever(library).readable
    assert await readable([f"curated/{number}"], PUBLIC) == frozenset()
    assert await readable([f"curated/{number}"], frozenset({"hr"})) == {f"curated/{number}"}


async def test_expired_it_is_listed_and_shown_no_more(library: Library) -> None:
    library.curated.add([QUESTION], "Reception.", "Ann", [], LATER)
    late = date.fromisoformat(LATER) + timedelta(days=1)
    assert await first(library, QUESTION, today=date.fromisoformat(LATER)) == "Reception."
    assert await first(library, QUESTION, today=late) == ""
    assert [one.expired(late) for one in library.curated.all()] == [True]


async def test_another_process_sees_it_at_once(library: Library) -> None:
    other = Library.open(library.folder, HashEmbedder())
    number = library.curated.add([QUESTION], "Reception.", "Ann", [], LATER)
    assert await first(other, QUESTION) == "Reception."
    other.curated.remove(number)
    assert await first(library, QUESTION) == ""
    other.close()
