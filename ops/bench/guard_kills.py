"""`kill -9` of the guard's processes under load: what passes unmasked, what fails, and how soon all is well again."""

import asyncio
import os
import random
import signal
import time
from typing import Final

import click

from guardrails.masking import GuardFailed, Vault
from guardrails.pii import Guard
from ops.bench.figures import Figure

WORKERS: Final = 2
AT_ONCE: Final = 16
CANARY: Final = "canary{n}@leak.example.com"


def run(seconds: float = 20.0, pause: float = 0.7) -> list[Figure]:
    """Masks texts that each hold an address nobody else has, while processes are killed or stopped."""
    return asyncio.run(_run(seconds, pause))


async def _run(seconds: float, pause: float) -> list[Figure]:
    guard = Guard(workers=WORKERS, deadline=15.0)
    await asyncio.to_thread(guard.load)
    tally = {"masked": 0, "failed": 0, "passed": 0}
    until = time.monotonic() + seconds
    try:
        asking = [asyncio.create_task(_ask(guard, at, until, tally)) for at in range(AT_ONCE)]
        kills = await _kill(guard, until, pause)
        await asyncio.gather(*asking)
        back = await _recovers(guard)
    finally:
        guard.close()
    click.echo(f"kills: {kills}, masked {tally['masked']}, failed closed {tally['failed']}, back after {back:.2f} s")
    asked = sum(tally.values())
    return [
        Figure("kills-unmasked", tally["passed"] / max(asked, 1), asked, 0.0, most=True),
        Figure("kills-failed-closed", tally["failed"] / max(asked, 1), asked),
        Figure("kills-seconds-until-back", back, kills, 30.0, most=True),
    ]


async def _ask(guard: Guard, number: int, until: float, tally: dict[str, int]) -> None:
    while time.monotonic() < until:
        number += AT_ONCE
        secret = CANARY.format(n=number)
        try:
            masked = await guard.mask(f"Question {number}: why did {secret} get no answer?", Vault())
        except GuardFailed:
            tally["failed"] += 1
            continue
        tally["passed" if secret in masked.text else "masked"] += 1


async def _kill(guard: Guard, until: float, pause: float) -> int:
    """Kills a process now and then, every tenth time all of them, and sometimes only stops one."""
    rng, kills = random.Random(7), 0  # noqa: S311
    assert guard.pool
    while time.monotonic() < until:
        await asyncio.sleep(pause * rng.uniform(0.5, 1.5))
        pids = guard.pool.pids()
        for pid in pids if kills % 10 == 9 else pids[:1]:
            os.kill(pid, signal.SIGSTOP if rng.random() < 0.1 else signal.SIGKILL)
            kills += 1
    return kills


async def _recovers(guard: Guard) -> float:
    """Seconds until a text is masked again."""
    begun = time.monotonic()
    while True:
        try:
            await guard.mask("Is Anna Keller back?", Vault())
        except GuardFailed:
            continue
        return time.monotonic() - begun
