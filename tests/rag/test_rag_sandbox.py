"""A file of a stranger gets no network, no other file, no program, and not for ever; and costs nobody but itself."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rag.errors import Unreadable
from rag.parsing.parse import parse
from rag.parsing.sandbox import Sandbox, tessdata
from tests.bot.test_files import pdf_bomb
from tests.public_data import public_data
from tests.rag.files import write_docx, write_pdf

linux = pytest.mark.skipif(sys.platform != "linux", reason="other systems have limits alone")

TRIES = """
import ctypes, os, socket, sys
from pathlib import Path
from rag.parsing.confine import confine
secret, allowed = map(Path, sys.argv[1:])
confine(5, [Path(sys.prefix), Path("/usr"), allowed])
tries = {
    "network": lambda: socket.socket(),
    "program": lambda: os.execv("/bin/true", ["true"]),
    "file": lambda: secret.read_text(),
    "processes": lambda: Path("/proc/1/environ").read_bytes(),
    "writing": lambda: (allowed / "new").write_text("x" * 100),
    "killing": lambda: os.kill(os.getppid(), 0),
    "memory": lambda: bytearray(2**31),
    "allowed": lambda: (allowed / "mine").read_text(),
}
for name, attempt in tries.items():
    try:
        attempt()
        print(name, "done")
    except (OSError, MemoryError) as error:
        print(name, type(error).__name__)
"""


@pytest.fixture
def sandbox() -> "Sandbox":
    return Sandbox()


@linux
def test_a_confined_process_can_do_nothing_but_reckon(tmp_path: Path) -> None:
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "mine").write_text("mine")
    (tmp_path / "secret").write_text("secret")
    command = [sys.executable, "-c", TRIES, str(tmp_path / "secret"), str(tmp_path / "allowed")]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    outcome = dict(line.split() for line in said.stdout.splitlines())
    refused = {name for name, how in outcome.items() if how != "done"}
    always = {"network", "program", "killing", "memory", "writing"}
    landlock = {"file", "processes"} if outcome["file"] != "done" else set()  # kernels without it
    assert refused == always | landlock, said.stderr


def test_bombs_and_crashes_cost_one_file_each(tmp_path: Path, sandbox: Sandbox) -> None:
    write_pdf(tmp_path / "good.pdf", "Keep your badge visible.")
    (tmp_path / "bomb.pdf").write_bytes(pdf_bomb())
    for _ in range(2):
        with pytest.raises(Unreadable, match="too much time or memory"):
            parse(tmp_path / "bomb.pdf", sandbox, 1)
        assert sandbox.peak < 2**30
        assert "badge" in parse(tmp_path / "good.pdf", sandbox).text
    sandbox.close()


def test_a_sandbox_that_was_killed_starts_anew(tmp_path: Path, sandbox: Sandbox) -> None:
    write_docx(tmp_path / "a.docx", "Leave", "Take 25 days.", [["a"]])
    parse(tmp_path / "a.docx", sandbox)
    assert sandbox._process
    os.kill(sandbox._process.pid, signal.SIGKILL)
    sandbox._process.wait()
    assert "25 days" in parse(tmp_path / "a.docx", sandbox).text
    sandbox.close()


def test_killed_amid_a_file_it_says_that_a_later_try_may_succeed(tmp_path: Path, sandbox: Sandbox) -> None:
    (tmp_path / "bomb.pdf").write_bytes(pdf_bomb())
    write_docx(tmp_path / "a.docx", "Leave", "Take 25 days.", [["a"]])
    parse(tmp_path / "a.docx", sandbox)
    assert sandbox._process
    killer = threading.Timer(0.1, sandbox._process.kill)
    killer.start()
    with pytest.raises(Unreadable) as caught:
        parse(tmp_path / "bomb.pdf", sandbox, 10)
    assert caught.value.passing
    killer.join()
    sandbox.close()


def test_a_file_that_is_gone_or_forbidden_is_said_to_be(tmp_path: Path, sandbox: Sandbox) -> None:
    with pytest.raises(Unreadable, match="cannot be read") as caught:
        sandbox.read(tmp_path / "gone.pdf")
    assert caught.value.passing
    odd = tmp_path / "a\nb .. \udcff.docx"
    write_docx(odd, "Leave", "Take 25 days.", [["a"]])
    assert "25 days" in sandbox.read(odd).text
    sandbox.close()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    write_docx(tmp_path / "a.docx", "Leave", "Take 25 days.", [["a"]])
    program = (
        "import os, sys, signal; from pathlib import Path; from rag.parsing.sandbox import Sandbox\n"
        "s = Sandbox(); s.read(Path(sys.argv[1])); print(s._process.pid, flush=True); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "a.docx")]
    said = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2])
    pid = int(said.stdout)
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.mark.skipif(not tessdata("eng"), reason="Tesseract's data is not installed: apt-get install tesseract-ocr-eng")
def test_a_scan_is_read_off_its_picture_where_that_is_wished(sandbox: Sandbox) -> None:
    scan = public_data("docs-pdf-hostile") / "normal" / "pikepdf__congress.pdf"
    with pytest.raises(Unreadable, match="a scan"):
        parse(scan, sandbox)
    sandbox.close()
    sandbox.ocr = "eng"
    assert "PRESIDENT" in parse(scan, sandbox).text
    sandbox.close()
