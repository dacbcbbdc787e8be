"""A word planted wherever people and documents speak appears in nothing that tells how the service is doing."""

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from ops import logs
from tests.house_process import hausgeist, served

pytestmark = pytest.mark.timeout(120)

CANARY = "wheelbarrow"
"""A word that the guard leaves alone: what hides it is that nothing is told."""


@pytest.fixture
async def failing_model() -> AsyncIterator[str]:
    """A model server that quotes what it was asked in errors of three kinds, and in broken streams."""
    asked = 0

    async def chat(request: web.Request) -> web.StreamResponse:
        nonlocal asked
        asked += 1
        if asked % 4 == 0:
            return web.Response(status=200, text=f"data: {{{CANARY}\n\n", content_type="text/event-stream")
        reason = f"{CANARY} is wrong"
        return web.json_response({"error": {"message": reason}}, status=(500, 400, 429)[asked % 3], reason=CANARY)

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


def question(text: str) -> dict[str, object]:
    return {"model": CANARY, "user": CANARY, "messages": [{"role": "user", "content": text, "name": CANARY}]}


async def test_nothing_that_people_say_is_told(tmp_path: Path, failing_model: str) -> None:
    (tmp_path / "handbook").mkdir()
    (tmp_path / "handbook" / f"{CANARY}.md").write_text(f"# {CANARY}\n\nThe {CANARY} costs EUR 180 a night.\n")
    (tmp_path / "handbook" / f"{CANARY}.pdf").write_bytes(b"%PDF-1.7 " + CANARY.encode())
    (await hausgeist(tmp_path, "ingest", "handbook", "--json")).out.encode()
    log = tmp_path / "log"
    async with (
        served(tmp_path, log, HAUSGEIST_MODEL_URL=failing_model, HAUSGEIST_GUARD_WORKERS="1") as house,
        aiohttp.ClientSession(house.url) as session,
    ):
        url = f"/v1/chat/completions?q={CANARY}"
        for number in range(5):
            await _post(session, url, question(f"What does the {CANARY} number {number} cost?"))
        for child in _children(house.process.pid):
            if "guardrails.process" in child.read_text():
                os.kill(int(child.parent.name), signal.SIGKILL)
        await _post(session, url, question(f"Is the {CANARY} dear?"))
        await _post(session, url, {"messages": CANARY, CANARY: [CANARY]})
        await _post(session, f"/slack/events?{CANARY}=1", {"type": CANARY})
        async with session.get(f"/{CANARY}/%00{CANARY}", headers={"Authorization": f"Bearer {CANARY}"}) as response:
            await response.read()
        async with session.post(url, data=f"{{{CANARY}", headers={"Content-Type": "application/json"}) as response:
            await response.read()
        async with session.get("/metrics") as response:
            metrics = await response.text()
        async with session.get("/readyz") as response:
            ready = await response.text()
    told = log.read_text()
    assert "turn" in told
    for where, text in {"log": told, "metrics": metrics, "readyz": ready}.items():
        assert CANARY not in text, where
    assert not [path for path in (tmp_path / "data").rglob("*.log") if CANARY in path.read_text(errors="replace")]


async def _post(session: aiohttp.ClientSession, url: str, body: dict[str, object]) -> None:
    async with session.post(url, json=body) as response:
        await response.read()


def _children(pid: int) -> list[Path]:
    """The command lines of all processes below one."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [Path(f"/proc/{child}/cmdline") for child in below]


@pytest.fixture
def configured() -> Iterator[None]:
    """The service's logging, for one test."""
    root = logging.getLogger()
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    before = root.handlers[:], root.level
    with warnings.catch_warnings():
        yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks
    root.handlers[:], level = before
    root.setLevel(level)


async def test_what_nobody_caught_is_told_without_its_text(
    capsys: pytest.CaptureFixture[str], configured: None
) -> None:
    logs.configure()

    def failing() -> None:
        raise ValueError(CANARY)

    async def lost() -> None:
        failing()

    thread = threading.Thread(target=failing)
    thread.start()
    thread.join()
    task = asyncio.create_task(lost())
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_exception_handler({"message": "Task exception was never retrieved", "task": task})
    logging.getLogger("apscheduler").error("Job failed", exc_info=ValueError(CANARY))
    with pytest.raises(ValueError, match=CANARY):
        await task
    told = capsys.readouterr()
    assert CANARY not in told.out + told.err
    lines = [json.loads(line) for line in told.err.splitlines()]
    assert {"exception": "ValueError", "event": "crashed"}.items() <= lines[0].items()


class _Library:
    """A module of somebody else's that logs in every way that quotes."""

    def __init__(self) -> None:
        self._log = logging.getLogger("somebody.library")
        self._log.setLevel(logging.DEBUG)  # as some do themselves

    def speak(self) -> None:
        self._log.debug("request: %s", CANARY)
        self._log.warning("no answer to %s", CANARY)
        self._log.error(f"no answer to {CANARY}\nat all", extra={"body": CANARY}, stack_info=True)
        self._log.error("%d %d", CANARY)  # wrongly called
        logging.getLogger("adapters.somewhere.sdk").error(f"failed: {CANARY}")
        warnings.warn(CANARY, stacklevel=1)


def test_libraries_are_heard_without_what_they_quote(capsys: pytest.CaptureFixture[str], configured: None) -> None:
    logs.configure()
    warnings.simplefilter("always")
    _Library().speak()
    told = capsys.readouterr().err
    assert CANARY not in told
    lines = [json.loads(line) for line in told.splitlines()]
    assert [line["event"] for line in lines] == [
        "no answer to %s", logs.WITHHELD, "a line could not be written", logs.WITHHELD, "a library warns"
    ]  # fmt: skip
    assert all(Path(__file__).name in line["at"][0] for line in lines)


async def test_what_asyncio_says_of_lost_tasks_quotes_nobody(
    capsys: pytest.CaptureFixture[str], configured: None
) -> None:
    logs.configure()
    loop = asyncio.get_running_loop()
    loop.call_soon(_fails, CANARY)
    task = asyncio.create_task(_fails_too(CANARY), name=CANARY)
    await asyncio.sleep(0.01)
    del task
    gc.collect()
    told = capsys.readouterr().err
    assert CANARY not in told
    assert [json.loads(line)["exception"] for line in told.splitlines()] == ["ValueError", "ValueError"]


def _fails(quoted: str) -> None:
    raise ValueError(quoted)


async def _fails_too(quoted: str) -> None:
    _fails(quoted)


async def test_a_command_that_breaks_quotes_nothing_and_leaves_no_core(tmp_path: Path) -> None:
    program = (
        "import resource; from ops import logs; logs.configure();"
        "print(resource.getrlimit(resource.RLIMIT_CORE)[0] <= 1, flush=True);"
        f"raise ValueError('{CANARY}')"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert (process.returncode, out.decode().strip()) == (1, "True")
    assert "ValueError" in err.decode()
    assert CANARY not in err.decode()
