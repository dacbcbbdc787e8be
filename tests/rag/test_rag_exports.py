"""Exports are sources: zips of Confluence, SharePoint and Drive, with the permissions that they hold."""

import json
import zipfile
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.sources import Entry, Failure, Source, archive, confluence
from tests.rag.shelf import Shelf


def packed(path: Path, files: dict[str, str | bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def read(path: Path) -> tuple[dict[str, frozenset[str]], dict[str, str]]:
    groups, failed = dict[str, frozenset[str]](), dict[str, str]()
    for entry in Source(path).entries():
        if isinstance(entry, Failure):
            failed[entry.path] = entry.reason
        else:
            groups[entry.doc_id] = entry.load().groups
    return groups, failed


def shared(*with_: tuple[str, str]) -> str:
    permissions = [{"type": kind, "role": "reader", "email_address": name} for kind, name in with_]
    return json.dumps({"title": "Told by Drive", "permissions": permissions})


def test_a_drive_export_says_who_may_read_what(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "Takeout/Drive/pay.md": "# Pay\nsums",
        "Takeout/Drive/pay.md-info.json": shared(("user", "ada@firm.example"), ("group", "hr@firm.example")),
        "Takeout/Drive/canteen.md": "# Canteen\nmenu",
        "Takeout/Drive/canteen.md-info.json": shared(("domain", "firm.example")),
        "Takeout/Drive/diary.md": "# Diary\nmine",
        "Takeout/Drive/diary.md-info.json": shared(("user", "ada@firm.example")),
        "Takeout/Drive/odd.md": "# Odd\nx",
        "Takeout/Drive/odd.md-info.json": "{",
    }
    groups, failed = read(packed(tmp_path / "takeout.zip", files))
    assert groups == {"Takeout/Drive/pay.md": {"hr@firm.example"}, "Takeout/Drive/canteen.md": frozenset()}
    assert failed["Takeout/Drive/diary.md"].startswith("shared with single persons only")
    assert failed["Takeout/Drive/odd.md"] == "the export does not say clearly who may read it"


async def test_a_sharepoint_folder_as_a_zip_is_followed(shelf: Shelf) -> None:
    path = packed(shelf.folder / "site.zip", {"Policies/leave.md": "25 days", "_documents.toml": LABELS})
    source = Source(path)
    assert shelf.library.sync(source).indexed == 1
    assert await shelf.find("25 days") == []
    assert await shelf.find("25 days", "staff") == ["Policies/leave.md"]
    packed(path, {"Policies/leave.md": "25 days", "Policies/new.md": "fresh", "_documents.toml": LABELS})
    report = shelf.library.sync(source)
    assert (report.indexed, report.unchanged) == (1, 1)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(SourceError, match="no readable zip"):
        shelf.library.sync(source)
    assert await shelf.find("25 days", "staff")


LABELS = '[defaults]\ngroups = ["staff"]\n'


def test_confluence_as_html(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "HR/index.html": "<html><body>contents</body></html>",
        "HR/styles/site.css": "body {}",
        "HR/Leave_4711.html": "<html><head><title>HR : Leave</title></head><body><p>25 days</p></body></html>",
    }
    groups, failed = read(packed(tmp_path / "space.zip", files))
    assert list(groups) == ["HR/Leave_4711.html"]
    assert failed == {"HR/styles/site.css": "unsupported type"}


def test_confluence_as_xml_with_restrictions(tmp_path: Path) -> None:
    export = packed(tmp_path / "space.zip", {"entities.xml": ENTITIES})
    groups, failed = read(export)
    assert groups == {
        "Leave (1)": frozenset(),
        "Board (2)": {"board"},
        "Board minutes (3)": {"board"},
    }
    assert list(failed) == ["Diary (4)"]
    (leave,) = (it.load() for it in Source(export).entries() if isinstance(it, Entry) and it.doc_id == "Leave (1)")
    assert (leave.title, leave.date) == ("Leave", "2026-02-03")
    assert "25 days" in leave.text
    assert "if a < b" in leave.text


def _object(kind: str, number: int, **said: str | int) -> str:
    properties = "".join(
        f'<property name="{name}"><id name="id">{value}</id></property>'
        if isinstance(value, int)
        else f'<property name="{name}"><![CDATA[{value}]]></property>'
        for name, value in said.items()
    )
    return f'<object class="{kind}" package="x"><id name="id">{number}</id>{properties}</object>'


MACRO = "<ac:structured-macro><ac:plain-text-body><![CDATA[if a < b]] ></ac:plain-text-body></ac:structured-macro>"
CODE = f"<p>25 days</p>{MACRO}"
ENTITIES = "".join(
    [
        "<?xml version='1.0' encoding='UTF-8'?><hibernate-generic>",
        _object("Page", 1, title="Leave", contentStatus="current", lastModificationDate="2026-02-03 10:00:00"),
        _object("Page", 2, title="Board", contentStatus="current"),
        _object("Page", 3, title="Board minutes", contentStatus="current", parent=2),
        _object("Page", 4, title="Diary", contentStatus="current"),
        _object("Page", 5, title="Old", contentStatus="current", originalVersion=1),
        _object("Page", 6, title="Thrown away", contentStatus="deleted"),
        *(_object("BodyContent", 10 + page, body=CODE, content=page) for page in range(1, 7)),
        _object("ContentPermissionSet", 20, type="View", owningContent=2),
        _object("ContentPermission", 21, type="View", owningSet=20, groupName="board"),
        _object("ContentPermissionSet", 22, type="View", owningContent=4),
        _object("ContentPermission", 23, type="View", owningSet=22, userSubject="ada"),
        "</hibernate-generic>",
    ]
)


def test_a_broken_or_lying_confluence_export_changes_nothing(tmp_path: Path) -> None:
    for text in (ENTITIES[:900], f'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>{ENTITIES[39:]}'):
        with pytest.raises(SourceError, match="cannot be read to its end"):
            read(packed(tmp_path / "space.zip", {"entities.xml": text}))


def test_hostile_archives(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("link.md")
    link.external_attr = 0o120777 << 16
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../up.md", "x")
        archive.writestr("/etc/cron.md", "x")
        archive.writestr(link, "/etc/passwd")
        archive.writestr("new\nline.md", "# Fine\nread")
        archive.writestr("bomb.txt", bytes(200 * 2**20))
        archive.writestr("inner.zip", b"PK")
    groups, failed = read(path)
    assert list(groups) == ["new\nline.md"]
    assert failed == {
        "../up.md": "its name leads out of the archive",
        "/etc/cron.md": "its name leads out of the archive",
        "bomb.txt": "larger than 100 MB",
        "inner.zip": "unsupported type",
        "link.md": "a link",
    }


def test_a_bomb_of_many_files_is_refused_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "UNPACKED", 2**23)
    bomb = packed(tmp_path / "bomb.zip", {f"{number}.txt": bytes(2**20) for number in range(12)})
    assert bomb.stat().st_size < 2**16
    with pytest.raises(SourceError, match="unpacked"):
        read(bomb)


def test_a_page_without_end_ends_the_export(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confluence, "LARGEST", 2**20)
    fine = "".join(_object("BodyContent", number, body="x" * 2**16, content=number) for number in range(64))
    good = f"<hibernate-generic>{fine}{_object('Page', 1, title='Leave', contentStatus='current')}</hibernate-generic>"
    assert list(read(packed(tmp_path / "space.zip", {"entities.xml": good}))[0]) == ["Leave (1)"]
    for endless in ("x" * 2**23, "<object>" * 2**20, f"<!-- {'x' * 2**23} -->"):
        with pytest.raises(SourceError, match="an object larger than 1 MB"):
            read(packed(tmp_path / "space.zip", {"entities.xml": f"<hibernate-generic>{endless}"}))
