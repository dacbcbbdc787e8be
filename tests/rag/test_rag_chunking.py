"""Documents fall into passages along their headings, and each can be read alone."""

from hypothesis import given
from hypothesis import strategies as st

from rag.chunking import SIZE, passages
from rag.passages import Document, Passage


def _cut(text: str, size: int = SIZE) -> list[Passage]:
    return passages(Document("leave.md", "Leave", text), size)


def test_each_passage_knows_its_headings() -> None:
    body = "Ask your manager. " * 30
    first, second = _cut(f"# Leave\n\n## Annual\n\n{body}\n\n## Sick\n\n### Notice\n\n{body}")
    assert (first.chunk_id, first.heading) == ("leave.md#0", "Annual")
    assert (second.chunk_id, second.heading) == ("leave.md#1", "Sick > Notice")
    assert second.context.startswith("Leave\nSick > Notice\nAsk your manager.")


def test_small_sections_share_a_passage_and_keep_their_headings() -> None:
    (only,) = _cut("# Leave\n\n## Annual\n\n25 days.\n\n## Sick\n\nCall by nine.")
    assert only.heading == ""
    assert only.text == "**Annual**\n\n25 days.\n\n**Sick**\n\nCall by nine."


def test_a_long_section_is_cut_at_paragraphs_first() -> None:
    paragraphs = [f"Paragraph {n}. " + "word " * 50 for n in range(12)]
    cut = _cut("## Rules\n\n" + "\n\n".join(paragraphs))
    assert all(len(passage.text) <= SIZE for passage in cut)
    assert all(passage.text.startswith("Paragraph") for passage in cut)


def test_a_table_stays_whole_where_it_fits() -> None:
    table = "| City | Hotel |\n| --- | --- |\n" + "\n".join(f"| City {n} | {n} |" for n in range(20))
    cut = _cut("## Rates\n\n" + "Some words before it. " * 30 + "\n\n" + table)
    assert [table in passage.text for passage in cut] == [False, True]


def test_a_large_table_repeats_its_header() -> None:
    rows = "\n".join(f"| City {n} | a hotel of {n} francs |" for n in range(200))
    cut = _cut(f"| City | Hotel |\n| --- | --- |\n{rows}")
    assert len(cut) > 3
    assert all(passage.text.startswith("| City | Hotel |\n| --- | --- |\n| City ") for passage in cut)


def test_a_hash_in_code_is_no_heading() -> None:
    (only,) = _cut("## Setup\n\n```\n# install it\nmake\n```")
    assert (only.heading, only.text) == ("Setup", "```\n# install it\nmake\n```")


def test_headings_alone_are_still_found() -> None:
    assert [passage.text for passage in _cut("# Chart\n\n## Revenue")] == ["# Chart\n\n## Revenue"]


@given(st.lists(st.tuples(st.text("abé", min_size=1, max_size=9), st.sampled_from([" ", "\n", "\n\n"]))))
def test_no_word_is_lost_or_moved(words: list[tuple[str, str]]) -> None:
    cut = _cut("".join(word + gap for word, gap in words), 40)
    assert " ".join(passage.text for passage in cut).split() == [word for word, _ in words]
    assert all(len(passage.text) <= 40 for passage in cut)
