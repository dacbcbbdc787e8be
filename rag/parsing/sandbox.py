"""Reads files of strangers, each in a confined process of its own: a bomb, a hang or a crash costs one file.

Starting Python and its parsers takes a third of a second, so a warm process that has read nothing yet waits to be
asked, and forks for each file. Run as `python -m rag.parsing.sandbox`: questions on stdin, answers on stdout, JSON a
line each.
"""

import atexit
import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

from rag.errors import Unreadable
from rag.parsing.confine import confine
from rag.parsing.parsed import Parsed

SECONDS = 15
"""That a file may take, by the clock and of a processor."""
STARTING = 30.0
LATE = 5.0
READING_PICTURES = 300
"""Seconds for a file where what its pages show is read as well: some three a page."""
LONGEST = 64 * 2**20
"""Bytes of an answer."""

_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_SPENT = "it took too much time or memory"
_CRASHED = "its parser failed on it"
_ENDS = (signal.SIGKILL, signal.SIGABRT, signal.SIGALRM, signal.SIGXCPU)  # an allocation that fails aborts
_TESSDATA = ("/usr/share/tessdata", "/usr/local/share/tessdata", "/opt/homebrew/share/tessdata")
_MINIMAL = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 0/Kids[]>>endobj\n"


class Sandbox:
    """The process that forks; started when first asked, and anew when it is gone. For several threads, in turn.

    `peak` is how many bytes of memory the last file had in use at most; `ocr` names the languages, as Tesseract does,
    in which a PDF without text is read off its pictures, if any.
    """

    def __init__(self) -> None:
        self.peak, self.ocr = 0, ""
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def read(self, path: Path, seconds: int = SECONDS) -> Parsed:
        """What a file says. Raises Unreadable, also where nothing works."""
        with self._lock:
            answer = self._ask(path, seconds)
            self.peak = int(answer.get("peak", 0))
        if "unreadable" in answer:
            raise Unreadable(str(answer["unreadable"])[:200], passing=bool(answer.get("passing")))
        try:
            return _sound(answer["parsed"])
        except (KeyError, TypeError, ValueError):
            raise Unreadable(_CRASHED) from None

    def _ask(self, path: Path, seconds: int) -> Mapping[str, Any]:
        try:
            process = self._started()
            assert process.stdin
            seconds = READING_PICTURES if self.ocr else seconds
            question = {"path": os.fsencode(path.absolute()).hex(), "seconds": seconds, "ocr": self.ocr}
            process.stdin.write(json.dumps(question).encode() + b"\n")
            process.stdin.flush()
            return dict(json.loads(_line(process, time.monotonic() + seconds + LATE)))
        except (OSError, ValueError, TimeoutError):
            self._end()
            return {"unreadable": _CRASHED, "passing": True}

    def close(self) -> None:
        """Ends the process; safe to call twice."""
        with self._lock:
            self._end()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._folder = tempfile.TemporaryDirectory(prefix="hausgeist-")
            # Few threads: each takes address space, and a file needs none of them.
            few = {
                "RAYON_NUM_THREADS": "2",
                "TOKIO_WORKER_THREADS": "2",
                "MALLOC_ARENA_MAX": "2",
                "OMP_NUM_THREADS": "1",
            }
            if self.ocr and (trained := tessdata(self.ocr)):
                few["TESSDATA_PREFIX"] = str(trained)
                Path(self._folder.name, ".cache", "kreuzberg", "ocr").mkdir(parents=True)  # which a child cannot make
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-I", "-m", __name__],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PATH": os.defpath, "TMPDIR": self._folder.name, "HOME": self._folder.name} | few,  # no secret
                cwd=self._folder.name,
            )
            _line(self._process, time.monotonic() + STARTING)
        return self._process

    def _end(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            for pipe in (self._process.stdin, self._process.stdout):
                with contextlib.suppress(OSError, AttributeError):
                    pipe.close()  # type: ignore[union-attr]  # both are there, mypy cannot know
        if self._folder:
            self._folder.cleanup()
        self._process = self._folder = None


SHARED = Sandbox()
atexit.register(SHARED.close)


def tessdata(languages: str) -> Path | None:
    """The folder with Tesseract's data for languages such as `eng+deu`; None where one is missing."""
    folders = [*Path("/usr/share/tesseract-ocr").glob("*/tessdata"), *map(Path, _TESSDATA)]
    wanted = [f"{name}.traineddata" for name in languages.split("+")]
    return next((folder for folder in folders if all((folder / name).is_file() for name in wanted)), None)


def _sound(said: Mapping[str, Any]) -> Parsed:
    """What the process says, which a hostile file may have made say anything."""
    title, text, owner, date, remark = (
        str(said[key]).encode("utf-8", "replace").decode() for key in ("title", "text", "owner", "date", "remark")
    )
    return Parsed(title[:300], text, owner[:300], date[:40], remark=remark[:200])


def _line(process: subprocess.Popen[bytes], until: float) -> bytes:
    """The next line that the process says. Raises TimeoutError, and ValueError where it ended or says too much."""
    assert process.stdout
    said, pipe = bytearray(), process.stdout.fileno()
    while not said.endswith(b"\n"):
        if not select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            raise TimeoutError
        more = os.read(pipe, 2**20)
        if not more or len(said) > LONGEST:
            raise ValueError("no answer")
        said += more
    return bytes(said)


def _serve() -> None:
    """In the warm process: reads one file after the other, until nobody asks any more."""
    _settle()
    folder = Path.cwd()
    _forked(_unpack, SECONDS)
    sys.stdout.write('"ready"\n')
    sys.stdout.flush()
    for question in sys.stdin:
        asked = json.loads(question)
        path, seconds = Path(os.fsdecode(bytes.fromhex(asked["path"]))), int(asked["seconds"])
        answer, peak = _forked(partial(_read, path, folder, seconds, asked["ocr"]), seconds)
        sys.stdout.write(json.dumps(answer | {"peak": peak}) + "\n")
        sys.stdout.flush()


def _forked(work: Callable[[], Mapping[str, Any]], seconds: int) -> tuple[dict[str, Any], int]:
    """What a child answers that does the work, and the most memory that it had in use, in bytes."""
    hearing, saying = os.pipe()
    child = os.fork()
    if not child:
        _answer(work, saying)
    os.close(saying)
    said = _heard(hearing, time.monotonic() + seconds)
    os.close(hearing)
    for end in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError):
            end(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    with contextlib.suppress(ValueError):
        return dict(json.loads(said)), peak
    spent = os.WIFSIGNALED(status) and os.WTERMSIG(status) in _ENDS
    return {"unreadable": _SPENT if spent else _CRASHED}, peak


def _heard(pipe: int, until: float) -> bytes:
    """What a child says until it is done, late, or says too much."""
    said = bytearray()
    while len(said) < LONGEST and select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
        more = os.read(pipe, 2**20)
        if not more:
            break
        said += more
    return bytes(said)


def _answer(work: Callable[[], Mapping[str, Any]], saying: int) -> NoReturn:
    """In the child: does the work, says what came of it, and ends without a word more."""
    status = 1
    try:
        os.setpgid(0, 0)
        _follow_parent()
        answer = dict(work())
    except Unreadable as error:
        answer = {"unreadable": error.reason, "passing": error.passing}
    except MemoryError:
        answer = {"unreadable": _SPENT}
    except (ArithmeticError, AttributeError, LookupError, OSError, RuntimeError, TypeError, ValueError):
        answer = {"unreadable": _CRASHED}
    try:
        with os.fdopen(saying, "wb") as pipe:
            pipe.write(json.dumps(answer).encode())
        status = 0
    finally:
        os._exit(status)


def _read(path: Path, folder: Path, seconds: int, ocr: str) -> Mapping[str, Any]:
    """In the child: takes the file's bytes, gives up all else, and parses."""
    from rag.parsing.rich import parse_rich

    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", passing=True) from error
    places = (sysconfig.get_path("stdlib"), sysconfig.get_path("platlib"), sysconfig.get_path("purelib"))
    confine(seconds + 1, [folder, *map(Path, (*places, "/usr", "/lib", "/lib64", "/dev/null", "/dev/urandom"))])
    parsed = asdict(parse_rich(path, data, ocr))
    return {"parsed": {key: parsed[key] for key in ("title", "text", "owner", "date", "remark")}}


def _unpack() -> Mapping[str, Any]:
    """Has kreuzberg write down its library for PDF, which is inside its own, where later children find it."""
    from rag.parsing.rich import parse_rich

    with contextlib.suppress(Unreadable):
        parse_rich(Path("warm.pdf"), _MINIMAL)
    return {}


def _settle() -> None:
    """Ends with its parent, whatever becomes of that; is not asked by Ctrl-C."""
    import rag.parsing.rich  # noqa: F401 - what is loaded before the fork is not loaded for each file

    _follow_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _follow_parent() -> None:
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    _serve()
