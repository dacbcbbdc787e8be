"""The guard's processes: killed, stopped, orphaned or full, nothing passes them unmasked."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from guardrails import pool as pools
from guardrails.masking import GuardFailed, Vault
from guardrails.pii import Guard
from guardrails.pool import Pool
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


async def test_where_nobody_answers_in_time_the_text_goes_nowhere(guard: Guard) -> None:
    assert guard.pool
    os.kill(guard.pool.pids()[0], signal.SIGSTOP)
    with pytest.raises(GuardFailed, match="in time"):
        await guard.pool.spans([TEXT], "en", 0.3)


async def test_the_queue_is_bounded(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard.pool
    monkeypatch.setattr(pools, "MOST_WAITING", 3)
    asked = await asyncio.gather(*(guard.mask(TEXT, Vault()) for _ in range(9)), return_exceptions=True)
    assert {type(answer) for answer in asked} == {GuardFailed, type(asked[0])}
    assert not any("firma" in repr(answer) for answer in asked)


def test_a_process_that_cannot_start_fails_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    pool = Pool(1, ("en",))
    begun = time.monotonic()
    with pytest.raises(GuardFailed):
        pool.start()
    assert time.monotonic() - begun < 5
    pool.close()


async def test_an_error_in_a_process_is_told_without_the_text(guard: Guard) -> None:
    assert guard.pool
    with pytest.raises(GuardFailed) as failed:
        await guard.pool.spans([17], "en", 5.0)  # type: ignore[list-item]
    assert "17" not in str(failed.value)


async def test_it_gets_no_secret_of_ours(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    assert guard.pool
    environment = Path(f"/proc/{guard.pool.pids()[0]}/environ").read_bytes()
    assert [entry.partition(b"=")[0] for entry in environment.split(b"\0") if entry] == [b"PATH"]


def test_the_processes_end_with_their_parent() -> None:
    program = (
        "import time; from guardrails.pool import Pool; pool = Pool(1, ('en',)); pool.start();"
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
    assert unmasked.count > 50
    assert back.holds
