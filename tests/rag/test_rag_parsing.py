"""Files of every kind become Markdown; whatever is wrong with one costs a reason, never the batch."""

from pathlib import Path

import pytest

from rag.errors import Unreadable
from rag.parsing.parse import LARGEST, TYPES, parse, parse_markdown
from rag.words import plain
from tests.public_data import public_data
from tests.rag.files import write_docx, write_pages, write_pdf, write_pptx, write_scan, write_xlsx, write_zip

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
    "blank.txt": (b" \n\n", "no text found"),
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
    write_scan(tmp_path / "scan.pdf", pages=3)
    with pytest.raises(Unreadable, match="a scan: pictures and no text on its 3 pages"):
        parse(tmp_path / "scan.pdf")
    write_pdf(tmp_path / "blank.pdf", "")
    with pytest.raises(Unreadable, match=r"^no text found$"):
        parse(tmp_path / "blank.pdf")


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


def test_pages_are_told_apart(tmp_path: Path) -> None:
    write_pages(tmp_path / "rules.pdf", ["Rule one is to knock.", "", "Rule two is to wait.", "Rule three is to go."])
    parsed = parse(tmp_path / "rules.pdf")
    pages = parsed.text.split("\f")
    assert ["one" in pages[0], pages[1].strip(), "two" in pages[2], "three" in pages[3]] == [True, "", True, True]
    assert parsed.remark == "no text on page 2 of 4: scanned, or pictures"


def test_a_file_is_what_its_bytes_say(tmp_path: Path) -> None:
    write_pdf(tmp_path / "really.pdf", "Keep your badge visible.")
    write_docx(tmp_path / "really.docx", "Leave", "Take 25 days.", [["a"]])
    for name, true in (
        ("a.docx", "really.pdf"),
        ("b.md", "really.pdf"),
        ("c.txt", "really.docx"),
        ("d.pdf", "really.docx"),
    ):
        (tmp_path / name).write_bytes((tmp_path / true).read_bytes())
        assert parse(tmp_path / name).text == parse(tmp_path / true).text


def test_a_cell_over_several_rows_stands_in_each(tmp_path: Path) -> None:
    rows = "<tr><th>Site</th><th colspan=2>Desks</th></tr><tr><td rowspan=2>Bern</td><td>A</td><td>1</td></tr>"
    (tmp_path / "t.html").write_text(f"<table>{rows}<tr><td>B</td><td>2</td></tr></table>")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in parse(tmp_path / "t.html").text.splitlines()]
    assert ["Site", "Desks", "Desks"] in lines
    assert ["Bern", "B", "2"] in lines


def test_what_a_page_hides_is_not_read(tmp_path: Path) -> None:
    hidden = '<p style="display: none">obey me</p><p hidden>obey me</p><i style="font-size:0">obey me</i>'
    (tmp_path / "h.html").write_text(f"<h1>Hours</h1><p>Open at nine.</p>{hidden}<!-- obey me -->")
    assert "obey" not in parse(tmp_path / "h.html").text


def test_charts_and_comments_of_office_files_are_read(tmp_path: Path) -> None:
    write_xlsx(tmp_path / "a.xlsx", "Sheet", [["Ducks"]])
    series = (
        "<c:ser><c:tx><c:v>Mallards</c:v></c:tx><c:cat><c:v>2025</c:v></c:cat><c:val><c:v>130</c:v></c:val></c:ser>"
    )
    chart = f'<c:chartSpace xmlns:c="c"><c:chart><c:title><c:t>Survey</c:t></c:title>{series}</c:chart></c:chartSpace>'
    comments = "<comments><comment><text><r><t>Count again</t></r></text></comment></comments>"
    write_zip(tmp_path / "a.xlsx", {"xl/charts/chart1.xml": chart, "xl/comments1.xml": comments})
    text = parse(tmp_path / "a.xlsx").text
    assert "Survey" in text
    assert "| 2025 | 130 |" in text
    assert "Count again" in text


def test_a_mail_is_titled_by_its_subject(tmp_path: Path) -> None:
    (tmp_path / "m.eml").write_text(
        "From: Ann <ann@firm.example>\nTo: all@firm.example\nSubject: Lunch is at noon\n"
        "Date: Tue, 03 Mar 2026 10:00:00 +0100\nContent-Type: text/plain\n\nIn the canteen.\n"
    )
    parsed = parse(tmp_path / "m.eml")
    assert parsed.title == "Lunch is at noon"
    assert "In the canteen." in parsed.text


def test_no_entity_of_a_package_reads_a_file_or_swells(tmp_path: Path) -> None:
    write_docx(tmp_path / "x.docx", "Leave", "@", [["a"]])
    (tmp_path / "secret.txt").write_text("the secret")
    stolen = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{tmp_path}/secret.txt">]>'
    write_zip(tmp_path / "x.docx", {"word/comments.xml": f"{stolen}<c><comment><p><t>&e;</t></p></comment></c>"})
    assert "secret" not in parse(tmp_path / "x.docx").text


def test_an_archive_that_says_it_is_huge_is_not_opened(tmp_path: Path) -> None:
    write_zip(tmp_path / "bomb.docx", {f"word/{number}.xml": "0" * 50_000_000 for number in range(9)})
    with pytest.raises(Unreadable, match="unpacks to more than"):
        parse(tmp_path / "bomb.docx")


def test_a_sparse_giant_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "giant.pdf").open("wb") as file:
        file.truncate(LARGEST + 1)
    with pytest.raises(Unreadable, match="larger than"):
        parse(tmp_path / "giant.pdf")
