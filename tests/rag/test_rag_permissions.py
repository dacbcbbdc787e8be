"""Nobody finds, opens or is influenced by what their groups may not read."""

from rag.library import Library
from rag.retriever import Retriever
from rag.sources import Source
from tests.rag.shelf import PUBLIC, Shelf


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
