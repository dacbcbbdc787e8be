"""The guard's processes: killed, stopped, orphaned or full, nothing passes them unmasked."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from guardrails import pool as pools
from guardrails.masking import GuardFailed, Vault
from guardrails.pii import Guard, Masked
from guardrails.pool import Pool
from guardrails.process import Process
from ops.bench.guard_kills import run

pytestmark = pytest.mark.timeout(60)  # processes start

TEXT = "Write to ann.meier@firma.ch"


@pytest.fixture
async def guard() -> AsyncIterator[Guard]:
    guard = Guard(workers=1, deadline=40.0)
    await asyncio.to_thread(guard.load)
    yield guard
    guard.close()


async def test_a_killed_process_is_replaced_and_the_text_masked(guard: Guard) -> None:
    assert guard.pool
    (pid,) = guard.pool.pids()
    os.kill(pid, signal.SIGKILL)
    assert (await guard.mask(TEXT, Vault())).text == "Write to <EMAIL_ADDRESS_1>"
    assert guard.pool.pids() != [pid]


async def test_a_process_that_hangs_is_replaced(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard.pool
    monkeypatch.setattr(pools, "ANSWERING", 4.0)
    os.kill(guard.pool.pids()[0], signal.SIGSTOP)
    assert (await guard.mask(TEXT, Vault())).text == "Write to <EMAIL_ADDRESS_1>"


async def test_too_much_to_do_kills_no_sound_process(guard: Guard) -> None:
    assert guard.pool
    pids = guard.pool.pids()
    long = [" ".join(f"Bettina Moser{at} is in room {n}{at}." for at in range(150)) for n in range(8)]
    asked = await asyncio.gather(*(guard.pool.spans([text], 0.3) for text in long), return_exceptions=True)
    assert any(isinstance(answer, GuardFailed) for answer in asked)
    assert (await guard.mask(TEXT, Vault())).text == "Write to <EMAIL_ADDRESS_1>"
    assert guard.pool.pids() == pids


async def test_a_text_that_kills_fails_alone(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    ask = Process.ask

    def dying(process: Process, question: dict[str, Any], seconds: float) -> Any:
        if "bomb" in str(question):
            os.kill(process.pid, signal.SIGKILL)
        return ask(process, question, seconds)

    monkeypatch.setattr(Process, "ask", dying)
    asked = await asyncio.gather(
        *(guard.mask(text, Vault()) for text in (TEXT, "a bomb", TEXT)), return_exceptions=True
    )
    assert [isinstance(answer, GuardFailed) for answer in asked] == [False, True, False]


async def test_where_nobody_answers_in_time_the_text_goes_nowhere(guard: Guard) -> None:
    assert guard.pool
    os.kill(guard.pool.pids()[0], signal.SIGSTOP)
    with pytest.raises(GuardFailed, match="in time"):
        await guard.pool.spans([TEXT], 0.3)


async def test_the_queue_is_bounded(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard.pool
    monkeypatch.setattr(pools, "MOST_WAITING", 3)
    asked = await asyncio.gather(*(guard.mask(TEXT, Vault()) for _ in range(9)), return_exceptions=True)
    assert [type(answer) for answer in asked] == [Masked] * 3 + [GuardFailed] * 6
    assert not any("firma" in repr(answer) for answer in asked)


def test_a_process_that_cannot_start_fails_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    pool = Pool(1)
    begun = time.monotonic()
    with pytest.raises(GuardFailed):
        pool.start()
    assert time.monotonic() - begun < 5
    pool.close()


def test_closing_ends_a_process_that_is_still_starting() -> None:
    pool = Pool(1)
    starting = threading.Thread(target=pool.start, daemon=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "excepthook", lambda _: None)  # its start fails, as it should
        starting.start()
        pool.close()
        starting.join(20)
    assert not starting.is_alive()
    assert pool.pids() == []


def test_a_wrong_pattern_of_employee_numbers_ends_the_start(caplog: pytest.LogCaptureFixture) -> None:
    pool = Pool(1, employee_number="E(\\d")
    with pytest.raises(GuardFailed, match="cannot be loaded"):
        pool.start()
    pool.close()
    assert [record.getMessage() for record in caplog.records] == ["a process of the guard did not start"]


async def test_an_error_in_a_process_is_told_without_the_text(guard: Guard) -> None:
    assert guard.pool
    with pytest.raises(GuardFailed) as failed:
        await guard.pool.spans([17], 5.0)  # type: ignore[list-item]
    assert "17" not in str(failed.value)


async def test_it_gets_no_secret_of_ours(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard.pool
    environment = Path(f"/proc/{guard.pool.pids()[0]}/environ").read_bytes()
    assert [entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry] == [b"PATH"]


def test_the_processes_end_with_their_parent() -> None:
    program = (
        "import time; from guardrails.pool import Pool; pool = Pool(1); pool.start();"
        "print(*pool.pids(), flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE)
    assert parent.stdout
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.wait()
    parent.stdout.close()
    until = time.monotonic() + 5
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_under_kills_nothing_passes_unmasked() -> None:
    unmasked, _, back = run(seconds=4.0, pause=0.5)
    assert unmasked.value == 0
    assert unmasked.count > 0
    assert back.holds
