"""A git repository is a source: its branch as it is now, with who changed what last."""

import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import SourceError
from rag.locks import alone
from rag.sources import Entry, Reach, Source, from_addresses, git
from tests.rag.shelf import Shelf


class Repository:
    """A real repository that tests commit to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *words: str) -> None:
        who = {
            f"GIT_{role}_{what}": "ada@firm.example" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        known = {"PATH": os.defpath, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_AUTHOR_DATE": "2024-05-06T12:00:00Z"}
        subprocess.run(("git", *words), cwd=self.folder, env=who | known, check=True, capture_output=True)

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            path = self.folder / f"{name.replace('__', '/')}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Changed")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "handbook.git")
    made.commit(leave="# Leave\n25 days")
    made.commit(docs__travel="# Travel\nBy train")
    return made


async def test_a_repository_is_followed(repository: Repository, shelf: Shelf) -> None:
    (source,) = from_addresses([f"git+{repository.folder.as_uri()}"])
    assert shelf.library.sync(source).indexed == 2
    document = shelf.library.document("handbook/docs/travel.md", frozenset())
    assert document
    assert (document.owner, document.date) == ("ada@firm.example", "2024-05-06")
    assert shelf.library.sync(source).unchanged == 2
    repository.git("rm", "-q", "leave.md")
    repository.commit(docs__travel="# Travel\nBy night train")
    report = shelf.library.sync(source)
    assert (report.indexed, report.removed, report.failed) == (1, 1, [])
    assert await shelf.find("night train") == ["handbook/docs/travel.md"]


def test_a_branch_and_a_folder_of_it(repository: Repository, shelf: Shelf) -> None:
    repository.git("checkout", "-q", "-b", "draft")
    repository.commit(docs__dogs="# Dogs\nFridays")
    source = Source(f"git+{repository.folder.as_uri()}#draft:docs")
    assert [entry.doc_id for entry in source.entries(Reach(shelf.folder / "copies")) if isinstance(entry, Entry)] == [
        "dogs.md",
        "travel.md",
    ]


async def test_one_that_is_away_or_rewritten_keeps_what_stands(repository: Repository, shelf: Shelf) -> None:
    source = Source(f"git+{repository.folder.as_uri()}")
    shelf.library.sync(source)
    moved = repository.folder.rename(repository.folder.with_name("away"))
    with pytest.raises(SourceError, match="git"):
        shelf.library.sync(source)
    (known,) = shelf.library.sources()
    assert "git" in known.problem
    assert known.last_sync
    assert "leave.md" in await shelf.find("25 days")
    moved.rename(repository.folder)
    repository.git("commit", "-q", "--amend", "-m", "Rewritten")
    assert shelf.library.sync(source).unchanged == 2
    assert not shelf.library.sources()[0].problem


def test_a_copy_that_a_crash_left_broken_is_fetched_anew(repository: Repository, shelf: Shelf, tmp_path: Path) -> None:
    source, reach = Source(f"git+{repository.folder.as_uri()}"), Reach(tmp_path / "copies")
    list(source.entries(reach))
    (tree,) = reach.folder.glob("*/tree")
    (tree / ".git" / "index.lock").touch()
    (tree / ".git" / "HEAD").write_text("nonsense")
    assert len(list(source.entries(reach))) == 2


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("git+https://ada:secret@git.firm.example/x.git", "take the password out"),
        ("git+ext::sh -c touch% /tmp/owned", "git"),
        ("git+file:///nowhere#--upload-pack=x", "write git"),
        ("git+file:///nowhere#main:../..", "write git"),
    ],
)
def test_addresses_that_are_none(address: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=reason) as caught:
        list(Source(address).entries(Reach(tmp_path)))
    assert "secret@" not in str(caught.value)


def test_links_and_labels_of_a_repository(repository: Repository, shelf: Shelf) -> None:
    (repository.folder / "passwd.md").symlink_to("/etc/passwd")
    (repository.folder / "_documents.toml").write_text('[defaults]\ngroups = ["staff"]')
    repository.commit()
    report = shelf.library.sync(Source(f"git+{repository.folder.as_uri()}"))
    assert report.indexed == 3  # the link is a file that holds where it leads, and nothing of that
    passwd = shelf.library.document("passwd.md", frozenset({"staff"}))
    assert passwd
    assert passwd.text.strip() == "/etc/passwd"
    assert shelf.library.document("leave.md", frozenset()) is None


def test_an_empty_repository(tmp_path: Path, shelf: Shelf) -> None:
    empty = Repository(tmp_path / "empty")
    assert shelf.library.sync(Source(f"git+{empty.folder.as_uri()}")).indexed == 0


def test_a_server_that_hangs_is_left_with_all_that_was_started(
    tmp_path: Path, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "SECONDS", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"git+http://127.0.0.1:{silent.getsockname()[1]}/handbook.git"
        with pytest.raises(SourceError, match="took longer than 1 s"):
            list(Source(address).entries(Reach(tmp_path / "copies")))
    while any(address[4:].encode() in _read(path) for path in Path("/proc").glob("[0-9]*/cmdline")):
        time.sleep(0.1)  # what was killed takes a moment; the test's own limit ends it


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_two_syncs_at_once_share_one_copy_one_after_the_other(repository: Repository, tmp_path: Path) -> None:
    source, reach = Source(f"git+{repository.folder.as_uri()}"), Reach(tmp_path / "copies")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: len(list(source.entries(reach))), range(4)))
    assert found == [2, 2, 2, 2]
    with alone(reach.room(source.root)), pytest.raises(SourceError, match="another sync has been reading it"):
        with alone(reach.room(source.root), patience=0.1):
            pass


def test_a_sync_that_was_killed_holds_nobody_up(repository: Repository, tmp_path: Path) -> None:
    source, reach = Source(f"git+{repository.folder.as_uri()}"), Reach(tmp_path / "copies")
    program = (
        "import sys, time; from pathlib import Path; from rag.locks import alone\n"
        "with alone(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(reach.room(source.root))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as process:
        assert process.stdout
        process.stdout.readline()
        process.kill()
    assert len(list(source.entries(reach))) == 2
