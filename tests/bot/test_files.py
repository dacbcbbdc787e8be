"""Files in a question: their best passages, and a line for each that was not wholly read."""

import asyncio
import tempfile
import zipfile
import zlib
from pathlib import Path

import pytest

from bot.events import File, Person, Turn
from bot.files import LARGEST, NotFetched, read
from rag.errors import Unreadable
from rag.parsing.attachments import CHARACTERS, best_pieces
from tests.rag.files import write_docx, write_pdf, write_pptx, write_xlsx

QUESTION = "How many days of holiday do apprentices have?"


def asked(*files: File, text: str = QUESTION) -> Turn:
    return Turn("Ev1", "m1", "slack", "slack:T1:D1:1.1", Person("slack:T1:U1"), text, True, files=files)


class Shelf:
    """A platform's files, by name; notes which were fetched."""

    def __init__(self, **held: bytes | NotFetched) -> None:
        self.held = held
        self.fetched: list[str] = []

    async def fetch(self, file: File, turn: Turn) -> bytes:
        self.fetched.append(file.name)
        held = self.held[file.name.partition(".")[0]]
        if isinstance(held, NotFetched):
            raise held
        return held


@pytest.fixture(autouse=True)
def private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    (tmp_path / "copies").mkdir()
    return tmp_path / "copies"


async def test_what_fits_the_question_comes_first_and_nothing_is_kept(private: Path) -> None:
    sections = [f"## Rule {n}\n\nLorem ipsum {n}. {'The desk is open. ' * 20}" for n in range(30)]
    sections.insert(17, "## Apprentices\n\nApprentices have 30 days of holiday. " + "They ask their manager. " * 20)
    passages, notices = await read(
        asked(File("/etc/rules.md")), Shelf(**{"/etc/rules": "\n\n".join(sections).encode()}).fetch
    )
    assert "30 days" in passages[0].text
    assert (passages[0].doc_id, passages[0].title, passages[0].owner) == ("file:rules.md", "rules.md", "")
    assert len(passages) == 6
    assert not notices
    assert not list(private.iterdir())


async def test_every_kind_of_document_is_read(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "Leave", "30 days of holiday", [["a", "b"]])
    write_xlsx(tmp_path / "b.xlsx", "Leave", [["30 days of holiday", "x"]])
    write_pptx(tmp_path / "c.pptx", "Leave", "30 days of holiday")
    write_pdf(tmp_path / "d.pdf", "30 days of holiday")
    shelf = Shelf(**{path.stem: path.read_bytes() for path in tmp_path.glob("?.*")}, e=b"30 days of holiday")
    names = ["a.docx", "b.xlsx", "c.pptx", "d.pdf"]
    passages, notices = await read(asked(*map(File, names), File("e", "text/x-python")), shelf.fetch)
    assert [passage.title for passage in passages] == [*names, "e"]
    assert all("30 days of holiday" in passage.text for passage in passages)
    assert not notices


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (File("photo.jpg", "image/jpeg"), "photo.jpg: I cannot look at pictures."),
        (File("screenshot", "image/png"), "screenshot: I cannot look at pictures."),
        (File("all.zip", "application/zip"), "all.zip: I do not open archives; please send the files in it."),
        (File("talk.mp4", "video/mp4"), "talk.mp4: I cannot read files of this kind."),
        (File("huge.pdf", "application/pdf", LARGEST + 1), "huge.pdf: not read, for it is larger than 5 MB."),
    ],
)
async def test_some_files_are_not_even_fetched(file: File, said: str) -> None:
    shelf = Shelf()
    assert await read(asked(file), shelf.fetch) == ((), (said,))
    assert not shelf.fetched


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.md", b"", "a.md: it is empty."),
        ("a.pdf", b"", "a.pdf: it is empty."),
        ("a.pdf", b"%PDF-1.7 and then nothing", "a.pdf: it could not be read."),
        ("a.docx", b"PK\3\4 no package", "a.docx: it could not be read."),
        ("a.txt", b"\0\1\2", "a.txt: it could not be read."),
        ("a.md", b" " * (LARGEST + 1), "a.md: not read, for it is larger than 5 MB."),
        ("a.md", NotFetched("scope"), "permission `files:read`"),
        ("a.md", NotFetched("gone"), "a.md: it is not there any more."),
        ("a.md", NotFetched("external"), "stored elsewhere"),
        ("a.md", NotFetched("elsewhere"), "another organisation"),
        ("a.md", NotFetched("unreachable"), "could not be fetched"),
    ],
)
async def test_what_cannot_be_read_is_said_and_the_others_are_read(
    name: str, data: bytes | NotFetched, said: str
) -> None:
    passages, (notice,) = await read(asked(File(name), File("b.txt")), Shelf(a=data, b=b"30 days").fetch)
    assert said in notice
    assert [passage.title for passage in passages] == ["b.txt"]


async def test_a_scan_is_called_one(tmp_path: Path) -> None:
    write_pdf(tmp_path / "scan.pdf", "")
    _, notices = await read(asked(File("scan.pdf")), Shelf(scan=(tmp_path / "scan.pdf").read_bytes()).fetch)
    assert notices == ("scan.pdf: I found no text in it; is it a scan?",)


async def test_what_we_say_is_in_the_askers_language() -> None:
    question = "Was steht in der Datei über die Ferien der Lernenden?"
    _, notices = await read(asked(File("foto.png"), text=question), Shelf().fetch)
    assert notices == ("foto.png: Bilder kann ich nicht ansehen.",)


async def test_a_long_file_is_read_in_part_and_that_is_said() -> None:
    text = "".join(f"Line {n} says little.\n\n" for n in range(CHARACTERS // 16))
    passages, notices = await read(asked(File("long.txt")), Shelf(long=text.encode()).fetch)
    assert len(passages) == 6
    assert notices == (f"long.txt: I read only the beginning, {CHARACTERS} characters.",)


async def test_of_many_files_the_first_five_are_read() -> None:
    files = [File(f"a.{n}.txt") for n in range(30)]
    shelf = Shelf(a=b"30 days")
    passages, notices = await read(asked(*files), shelf.fetch)
    assert len(shelf.fetched) == len(passages) == 5
    assert len(notices) == 15
    assert notices[0] == "a.5.txt: not read, for I read 5 files at most with one question."


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\secret\\plan.txt", "plan.txt"),
        ("a\nb\x1b[31m\u202etxt.exe.txt", "a b 31mtxt.exe.txt"),
        ("<!channel> [x](y) `z`.txt", "!channel x (y) z .txt"),
        ("n" * 500 + ".txt", "n" * 75 + "….txt"),
    ],
)
async def test_names_are_shown_plainly(given: str, shown: str) -> None:
    async def fetch(file: File, turn: Turn) -> bytes:
        return b""

    _, (notice,) = await read(asked(File(given, "text/plain")), fetch)
    assert notice == f"{shown}: it is empty."


async def test_two_files_of_one_name_are_told_apart() -> None:
    passages, _ = await read(
        asked(File("a.txt"), File("a.txt"), File("a (2).txt")), Shelf(a=b"30", **{"a (2)": b"31"}).fetch
    )
    assert len({passage.chunk_id for passage in passages}) == 3


async def test_who_takes_too_long_is_not_waited_for() -> None:
    async def fetch(file: File, turn: Turn) -> bytes:
        if file.name != "a.txt":
            await asyncio.Event().wait()
        return b"30 days"

    passages, notices = await read(asked(File("a.txt"), File("b.txt"), File("c.txt")), fetch, seconds=1.5)
    assert [passage.title for passage in passages] == ["a.txt"]
    assert notices == ("b.txt: not read, for it took too long.", "c.txt: not read, for it took too long.")


@pytest.mark.timeout(40)
async def test_a_bomb_costs_a_line(tmp_path: Path) -> None:
    write_docx(tmp_path / "small.docx", "Leave", "@", [["a"]])
    with zipfile.ZipFile(tmp_path / "small.docx") as small, zipfile.ZipFile(tmp_path / "bomb.docx", "w", 8) as bomb:
        for name in small.namelist():
            bomb.writestr(name, small.read(name).replace(b"@", b"holiday</w:t></w:r></w:p><w:p><w:r><w:t>" * 6_000_000))
    held = {"bomb": (tmp_path / "bomb.docx").read_bytes(), "pdf": pdf_bomb(), "deep": b"<div>" * 900_000}
    files = [File("bomb.docx"), File("pdf.pdf"), File("deep.html"), File("b.txt")]
    passages, notices = await read(asked(*files), Shelf(**held, b=b"30 days").fetch)
    assert [passage.title for passage in passages] == ["b.txt"]
    assert len(notices) == 3


async def test_a_parser_without_end_is_ended(tmp_path: Path) -> None:
    (tmp_path / "file.pdf").write_bytes(pdf_bomb())
    with pytest.raises(Unreadable, match="too much time"):
        await best_pieces(tmp_path / "file.pdf", QUESTION, 6, seconds=1)  # the test's own limit is ten


def pdf_bomb() -> bytes:
    """A page whose content swells a thousandfold."""
    packer = zlib.compressobj(1)
    content = b"".join(packer.compress(b"BT /F1 12 Tf (holiday) Tj ET\n" * 40_000) for _ in range(800)) + packer.flush()
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
    )
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page]
    said = "".join(f"{n} 0 obj\n{body}\nendobj\n" for n, body in enumerate(objects, 1)).encode()
    said += f"4 0 obj\n<< /Length {len(content)} /Filter /FlateDecode >>\nstream\n".encode() + content
    said += b"\nendstream\nendobj\n5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj\n"
    return b"%PDF-1.4\n" + said + b"trailer\n<< /Size 6 /Root 1 0 R >>\n%%EOF\n"
