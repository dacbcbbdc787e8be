"""Files of every kind become Markdown; whatever is wrong with one costs a reason, never the batch."""

from pathlib import Path

import pytest

from rag.errors import Unreadable
from rag.parsing import TYPES, parse, parse_markdown
from rag.words import plain
from tests.public_data import public_data
from tests.rag.files import write_docx, write_pdf, write_pptx, write_xlsx

PAGE = """<html><head><title>Leave rules</title><meta name="author" content="HR"><script>evil()</script></head>
<body><h1>Leave</h1><p>25 days</p><table><tr><th>Years</th></tr><tr><td>1</td></tr></table></body></html>"""


def test_markdown_speaks_for_itself_in_front_matter(tmp_path: Path) -> None:
    file = tmp_path / "leave.md"
    file.write_text("---\ntitle: Leave\nowner: HR\ndate: 2026-03-01\ngroups: [staff]\n---\n# Days\n\nYou get 25.\n")
    parsed = parse(file)
    assert (parsed.title, parsed.owner, parsed.date) == ("Leave", "HR", "2026-03-01")
    assert parsed.groups == frozenset({"staff"})
    assert parsed.text == "# Days\n\nYou get 25.\n"


def test_without_front_matter_the_heading_or_the_file_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# Badges and keys\n\nWear it.")
    (tmp_path / "travel-policy_2026.md").write_text("Book early.")
    assert parse(tmp_path / "a.md").title == "Badges and keys"
    assert parse(tmp_path / "travel-policy_2026.md").title == "Travel policy 2026"
    assert parse(tmp_path / "a.md").groups is None


def test_front_matter_that_hides_its_groups_costs_the_file(tmp_path: Path) -> None:
    file = tmp_path / "secret.md"
    file.write_text("---\ntitle: A: b\ngroups: [hr]\n---\nsecret\n")
    with pytest.raises(Unreadable, match="groups are unknown"):
        parse(file)


@pytest.mark.parametrize("before", ["", "\n \n", "\r\n", "\ufeff", "\n\ufeff\n"])
def test_groups_count_however_they_are_written(before: str) -> None:
    parsed = parse_markdown(f"{before}---\nTITLE: Pay\nGroups: [hr]\n---\nsecret\n", "pay")
    assert (parsed.title, parsed.groups, parsed.text) == ("Pay", frozenset({"hr"}), "secret\n")


@pytest.mark.parametrize(
    "front",
    [
        "group: hr\n---\n",
        "Readers: [hr]\n---\n",
        "access: hr\n---\n",
        "PERMISSIONS: {read: hr}\n---\n",
        "title: a: b\nReaders: hr\n---\n",
        "- groups: [hr]\n---\n",
        "groups: [hr]\nGroups: []\n---\n",
        "title: Pay\ngroups: [hr]\n\n",
    ],
)
def test_a_slip_in_front_matter_makes_nothing_public(front: str) -> None:
    with pytest.raises(Unreadable, match="front matter"):
        parse_markdown(f"---\n{front}secret", "pay")


def test_prose_between_rules_is_no_front_matter() -> None:
    for text in ("---\nWelcome to the access team.\n---\nMore", "---\n\ngroups: of people\n"):
        assert parse_markdown(text, "welcome").text == text


def test_control_characters_stay_out_of_titles(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<html><head><title>Le\u202eave\u200b rules</title></head><body><p>25 days</p></body></html>"
    )
    (tmp_path / "b.md").write_text("# Le\x1bave\trules\n25 days")
    (tmp_path / "leave\nru\x07les.txt").write_text("25 days")
    assert {parse(file).title for file in tmp_path.iterdir()} == {"Leave rules"}


def test_cells_keep_their_distance(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        "<table><tr><td>Employees</td><td>Basel</td><td>25 days<br>30 days</td></tr></table>"
    )
    assert plain(parse(tmp_path / "a.html").text).startswith("| Employees | Basel | 25 days 30 days |")


def test_word_keeps_headings_and_tables(tmp_path: Path) -> None:
    write_docx(tmp_path / "leave.docx", "Annual leave", "You get 25 days.", [["Years", "Days"], ["1", "25"]])
    parsed = parse(tmp_path / "leave.docx")
    assert parsed.title == "Annual leave"
    assert "# Annual leave" in parsed.text
    assert "| Years | Days |\n| --- | --- |\n| 1 | 25 |" in parsed.text


def test_spreadsheets_become_tables(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "rates.xlsx", "Rates", [["City", "Hotel"], ["Basel", "180"]])
    (tmp_path / "rates.csv").write_text("City;Hotel\nBasel;180\n")
    for name in ("rates.xlsx", "rates.csv"):
        assert "| Basel | 180 |" in parse(tmp_path / name).text
        assert parse(tmp_path / name).title == "Rates"


def test_slides_pages_and_plain_text(tmp_path: Path) -> None:
    write_pptx(tmp_path / "plan.pptx", "Roadmap", "We ship in May.")
    write_pdf(tmp_path / "badge.pdf", "Keep your badge visible.")
    (tmp_path / "note.txt").write_bytes("Überstunden".encode("cp1252"))
    assert parse(tmp_path / "plan.pptx").title == "Roadmap"
    assert "We ship in May." in parse(tmp_path / "plan.pptx").text
    assert "Keep your badge visible." in parse(tmp_path / "badge.pdf").text
    assert parse(tmp_path / "note.txt").text == "Überstunden"


def test_web_pages_lose_their_scripts_and_head(tmp_path: Path) -> None:
    (tmp_path / "leave.html").write_text(PAGE)
    parsed = parse(tmp_path / "leave.html")
    assert (parsed.title, parsed.owner) == ("Leave rules", "HR")
    assert parsed.text.startswith("# Leave\n\n25 days")
    assert "evil" not in parsed.text


BROKEN = {
    "empty.pdf": (b"", "empty file"),
    "empty.md": (b"", "empty file"),
    "blank.txt": (b" \n\n", "no text found; a scan?"),
    "lying.pdf": (b"just words", "not a readable PDF"),
    "lying.docx": (b"<html>no zip</html>", "not a readable Word file"),
    "cut.xlsx": (b"PK\x03\x04 and nothing more", "not a readable Excel file"),
    "binary.md": (b"a\0b", "not a text file"),
    "picture.png": (b"\x89PNG", "unsupported type"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_files_give_a_reason(tmp_path: Path, name: str) -> None:
    data, reason = BROKEN[name]
    (tmp_path / name).write_bytes(data)
    with pytest.raises(Unreadable) as raised:
        parse(tmp_path / name)
    assert raised.value.reason == reason
    assert not raised.value.passing


def test_a_scan_is_said_to_be_one(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", "")
    with pytest.raises(Unreadable, match="a scan"):
        parse(tmp_path / "scan.pdf")


def test_an_encrypted_file_is_said_to_be_one() -> None:
    with pytest.raises(Unreadable, match=r"^encrypted$"):
        parse(next(public_data("docs-docling").glob("pdf_password/sources/*.pdf")))


def test_real_files_give_their_text() -> None:
    folder = public_data("docs-docling")
    files = [path for path in sorted(folder.glob("*/sources/*")) if path.suffix in TYPES]
    failed = []
    for path in files:
        try:
            assert parse(path).title
        except Unreadable as error:
            failed.append((path.name, error.reason))
    assert len(files) > 30
    assert len(failed) <= 2, failed
