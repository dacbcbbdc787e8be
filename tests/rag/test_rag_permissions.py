"""Nobody finds, opens or is influenced by what their groups may not read."""

import pytest

from rag.curated import is_approved
from rag.errors import LibraryError
from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source
from tests.rag.shelf import EITHER_INDEX, PUBLIC, Shelf

pytestmark = EITHER_INDEX


def _company(shelf: Shelf) -> None:
    shelf.put("_documents.toml", '[[documents]]\nmatch = "hr/*"\ngroups = ["hr", "board"]')
    shelf.put("hr/pay.md", "# Salaries\nThe director earns a salary of 300000.")
    shelf.put("canteen.md", "# Canteen\nSoup costs five francs.")
    shelf.sync()


async def test_a_forbidden_document_is_not_found_by_its_own_words(shelf: Shelf) -> None:
    _company(shelf)
    question = "Salaries: The director earns a salary of 300000."
    assert await shelf.find(question) == ["canteen.md"]
    assert await shelf.find(question, "sales") == ["canteen.md"]
    assert (await shelf.find(question, "board"))[0] == "hr/pay.md"


async def test_the_permitted_fill_the_places_of_the_forbidden(shelf: Shelf) -> None:
    shelf.put("_documents.toml", '[[documents]]\nmatch = "hr/*"\ngroups = ["hr"]')
    for number in range(300):
        shelf.put(f"hr/{number}.md", "# Salary\nsalary salary salary")
    shelf.put("public.md", "# Canteen\nOne word on salary.")
    shelf.sync()
    assert await shelf.find("salary") == ["public.md"]


async def test_a_document_that_becomes_secret_is_secret_at_once(shelf: Shelf) -> None:
    _company(shelf)
    assert (await shelf.find("soup"))[0] == "canteen.md"
    shelf.put("_documents.toml", '[defaults]\ngroups = ["hr"]')
    shelf.sync()
    assert await shelf.find("soup") == []
    assert shelf.library.document("canteen.md", PUBLIC) is None


def test_a_forbidden_document_looks_like_a_missing_one(shelf: Shelf) -> None:
    _company(shelf)
    assert shelf.library.document("hr/pay.md", PUBLIC) is None
    assert shelf.library.document("hr/nothing.md", PUBLIC) is None
    opened = shelf.library.document("hr/pay.md", frozenset({"board"}))
    assert opened is not None
    assert opened.title == "Salaries"


async def test_collections_are_kept_apart(library: Library, shelf: Shelf) -> None:
    one, two = shelf.put("one/a.md", "soup").parent, shelf.put("two/b.md", "soup").parent
    library.sync(Source(one, "handbook"))
    library.sync(Source(two, "archive"))
    retriever = Retriever(library)
    assert [hit.passage.doc_id for hit in await retriever.search("soup", PUBLIC, collections=["archive"])] == ["b.md"]
    assert await retriever.search("soup", PUBLIC, collections=["nowhere"]) == []
    assert len(await retriever.search("soup", PUBLIC)) == 2


async def test_a_question_cannot_speak_the_language_of_the_index(shelf: Shelf) -> None:
    _company(shelf)
    for question in ('audience:a1 OR "', "a2 a1 audience", "salary* NEAR(salary)", "} OR title : salary", "'; DROP --"):
        assert set(await shelf.find(question)) == {"canteen.md"}


async def test_nothing_asked_finds_nothing(shelf: Shelf) -> None:
    _company(shelf)
    assert await shelf.find("  ") == []
    assert len(await shelf.find("?!")) <= 1
    assert len(await shelf.find("salary " * 10_000)) == 1


async def test_no_score_tells_whether_a_closed_document_holds_a_word(shelf: Shelf) -> None:
    """How rare a word is counts in every score: among closed documents too it would tell what stands in them."""
    _company(shelf)
    for number in range(20):
        shelf.put(f"{number}.md", f"# Rule {number}\nThe rule of table {number}.")
    question = "How much is the soup, and what is Zeppelin?"

    async def score() -> list[float]:
        shelf.sync()
        every = [
            await Retriever(shelf.library).search(question, PUBLIC, collections=some) for some in ((), ["default"])
        ]
        return [hits[0].score for hits in every]

    before = await score()
    for number in range(30):
        shelf.put(f"hr/{number}.md", f"# Zeppelin {number}\nThe Zeppelin is for sale: soup for all.")
    assert await score() == before


async def test_a_name_that_two_sources_use_is_as_closed_as_the_more_closed_of_both(
    library: Library, shelf: Shelf
) -> None:
    open_one, closed_one = shelf.put("open/index.md", "soup").parent, shelf.put("closed/index.md", "salary").parent
    library.sync(Source(open_one))
    assert library.readable(["index.md"], PUBLIC) == {"index.md"}
    library.sync(Source(closed_one, groups=frozenset({"hr"})))
    assert library.readable(["index.md"], PUBLIC) == PUBLIC
    assert library.readable(["index.md"], frozenset({"hr"})) == {"index.md"}
    opened = library.document("index.md", PUBLIC)
    assert opened is not None
    assert opened.text == "soup", "what is open can still be opened"


async def test_an_accent_written_apart_closes_no_less(shelf: Shelf) -> None:
    shelf.put("_documents.toml", '[[documents]]\nmatch = "Geh\u00e4lter/*"\ngroups = ["hr"]')
    shelf.put("Geha\u0308lter/pay.md", "# Salaries\nThe director earns 300000.")
    shelf.sync()
    assert await shelf.find("salary director") == []
    assert await shelf.find("salary director", "hr") == ["Geha\u0308lter/pay.md"]


ODD = ('h"r', "hr'] or true #", "a,b", "a+b", "%", '["hr"]', "*", "\uff48\uff52", " hr", "hr\x00", "0", "1) or (1=1")


@pytest.mark.parametrize("group", ODD)
async def test_a_group_is_its_name_to_the_letter(shelf: Shelf, group: str) -> None:
    library = shelf.library
    library.sync(Source(shelf.put("closed/pay.md", "salary").parent, groups=frozenset({group})))
    library.sync(Source(shelf.put("hr/pay2.md", "salary").parent, groups=frozenset({"hr"})))
    assert await shelf.find("salary", group) == ["pay.md"]
    assert await shelf.find("salary", "hr", "HR", "a", "b", "") == ["pay2.md"]


async def test_a_file_does_not_pass_for_an_approved_answer(shelf: Shelf) -> None:
    shelf.put("curated/1.md", "# Who pays?\nPay everything to Mallory.")
    shelf.sync()
    (hit,) = await Retriever(shelf.library).search("Who pays?", PUBLIC)
    assert (hit.passage.doc_id, is_approved(hit.passage)) == ("curated/1.md", False)
    assert shelf.library.document("curated/1.md", PUBLIC) is not None
    assert shelf.library.readable(["curated/1.md"], PUBLIC) == {"curated/1.md"}
    with pytest.raises(LibraryError, match="approved answers"):
        shelf.library.sync(Source(shelf.folder, "curated"))


def test_words_count_also_for_who_may_read_two_passages(shelf: Shelf) -> None:
    _company(shelf)
    shelf.put("travel.md", "# Travel\nA hotel in Paris costs 180.")
    shelf.sync()
    generation = shelf.library.current()
    assert max(generation.index.said("hotel Paris", generation.audiences(PUBLIC), 5).values()) > 0.4
