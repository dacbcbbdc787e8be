"""A git repository: the files of a branch, each with who changed it last, and when.

Its history is fetched without the files of the past, and a working copy is kept: a second sync fetches what is new.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import SourceError
from rag.locks import alone
from rag.sources.folder import Folder, opened_folder
from rag.sources.listing import Place, Reach, Said

SECONDS = 900  # for one command
COMMITS = 1000  # of history; what was not changed within them has no date
_WHY = ("fatal: ", "error: ", "ssh: ", "Host key verification failed")
_SAFE = (
    *("-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false", "-c", "core.fsmonitor=false"),
    *("-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "protocol.http.allow=always"),
    *("-c", "protocol.ssh.allow=always", "-c", "protocol.file.allow=always", "-c", "http.followRedirects=false"),
    *("-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", "-c", "gc.auto=0", "-c", "core.quotePath=false"),
)


@contextmanager
def opened_git(address: str, reach: Reach) -> Iterator[Place]:
    """Opens the newest state of a branch; raises SourceError where it cannot be had."""
    url, branch, folder = _parts(address)
    room = reach.room(address)
    with alone(room):
        git = _Git(address, room, _environment(address, room, reach))
        tree = git.brought_up(url, branch)
        said = git.said(folder)
        root = tree / folder if folder else tree
        if not root.is_dir() or not root.resolve().is_relative_to(tree.resolve()):
            raise SourceError(f"{address}: there is no folder {folder!r} in it")
        with opened_folder(root, address):
            yield Folder(root, lambda name: said.get(name, Said()), lambda name: f"{address.partition('#')[0]}#{name}")


def _parts(address: str) -> tuple[str, str, str]:
    """The repository, the branch and the folder of `git+URL[#branch[:folder]]`."""
    where, _, rest = address.removeprefix("git+").partition("#")
    branch, _, folder = rest.partition(":")
    url = where if "://" in where else Path(os.path.abspath(where)).as_uri()  # noqa: PTH100
    if branch.startswith("-") or ".." in Path(folder).parts or folder.startswith("/"):
        raise SourceError(f"{address}: write git+URL, git+URL#branch or git+URL#branch:folder")
    return url, branch, folder.strip("/")


def _environment(address: str, room: Path, reach: Reach) -> dict[str, str]:
    """What git may know: nothing asks anybody anything, and the key stands in no list of processes."""
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}
    quiet |= {
        "GIT_SSH_COMMAND": "ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=20",
        "HOME": str(room),
        "PATH": os.defpath,
    }
    known = quiet | dict(reach.environment)
    if key := reach.key(address):
        from base64 import b64encode

        user = key if ":" in key else f"x-access-token:{key}"
        header = f"Authorization: Basic {b64encode(user.encode()).decode()}"
        known |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "http.extraHeader", "GIT_CONFIG_VALUE_0": header}
    return known


@dataclass(frozen=True, slots=True)
class _Git:
    """The git command, for one repository whose copy lies in `room`."""

    address: str
    room: Path
    environment: dict[str, str]

    def brought_up(self, url: str, branch: str) -> Path:
        """The working copy as the branch is now; one that is broken is fetched anew."""
        tree, fresh = self.room / "tree", self.room / "fresh"
        if tree.is_dir():
            try:
                self.run(tree, "fetch", "--quiet", "--no-tags", f"--depth={COMMITS}", "origin", branch or "HEAD")
                self._check_out(tree, "FETCH_HEAD")
            except SourceError:
                shutil.rmtree(tree, ignore_errors=True)
            else:
                return tree
        shutil.rmtree(fresh, ignore_errors=True)
        named = ("--branch", branch) if branch else ()
        options = (
            "--quiet",
            "--no-checkout",
            "--no-tags",
            "--single-branch",
            "--filter=blob:none",
            f"--depth={COMMITS}",
        )
        self.run(self.room, "clone", *options, *named, "--", url, str(fresh))
        self._check_out(fresh, "HEAD")
        fresh.rename(tree)
        return tree

    def _check_out(self, tree: Path, what: str) -> None:
        if self.run(tree, "rev-list", "--all", "--max-count=1"):
            self.run(tree, "checkout", "--quiet", "--force", "--detach", what)
            self.run(tree, "clean", "--quiet", "-ffdx")

    def said(self, folder: str) -> dict[str, Said]:
        """Who changed each file last, and when; by its name in the folder."""
        tree = self.room / "tree"
        if not self.run(tree, "rev-list", "--all", "--max-count=1"):
            return {}
        shallow = (tree / ".git" / "shallow").is_file()
        edge = frozenset((tree / ".git" / "shallow").read_text("ascii").split()) if shallow else frozenset()
        options = ("-z", "--no-renames", "--name-only", "--relative", "--format=%x01%H%x02%aN%x02%as")
        log = self.run(tree / folder if (tree / folder).is_dir() else tree, "log", *options, "HEAD", "--", ".")
        said: dict[str, Said] = {}
        for commit in log.split("\x01")[1:]:
            told, _, names = commit.partition("\0")
            number, owner, date = told.split("\x02")
            for name in names.strip("\n\0").split("\0"):
                if name and number not in edge:
                    said.setdefault(name, Said(owner=owner.strip(), date=date.strip()))
        return said

    def run(self, where: Path, *words: str) -> str:
        """What the command prints. Raises SourceError."""
        try:
            status, said, complaint = self._done(where, words)
        except FileNotFoundError as error:
            raise SourceError(f"{self.address}: the command git is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"{self.address}: git took longer than {SECONDS} s") from error
        except OSError as error:
            raise SourceError(f"{self.address}: git cannot be run: {error.strerror}") from error
        if status:
            raise SourceError(f"{self.address}: git {words[0]} failed: {_reason(complaint) or f'status {status}'}")
        return said.decode("utf-8", "surrogateescape")

    def _done(self, where: Path, words: tuple[str, ...]) -> tuple[int, bytes, bytes]:
        """Its status and what it said; it ends with all that it started, in time and when we are stopped."""
        with subprocess.Popen(  # noqa: S603  (no shell; what is not ours stands behind `--` or in its place)
            ("git", *_SAFE, *words),  # noqa: S607  (where it is, is the machine's affair)
            cwd=where,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        ) as process:
            try:
                said, complaint = process.communicate(timeout=SECONDS)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
            return process.returncode, said, complaint


def _reason(complaint: bytes) -> str:
    """The line that says why: the first of those in which git, ssh or the server complains, else the last."""
    lines = [line.strip() for line in complaint.decode("utf-8", "replace").splitlines() if line.strip()]
    why = [line for line in lines if line.startswith(_WHY) or "Permission denied" in line]
    return (why or lines[-1:] or [""])[0].removeprefix("fatal: ")[:300]
