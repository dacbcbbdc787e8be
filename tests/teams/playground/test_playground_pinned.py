"""The Playground listens and calls on this machine alone, ends with us, and so does what its page loads."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.node.packages import NODE
from tests.teams.playground.process import PIN, playground

pytestmark = pytest.mark.timeout(30)

LISTENING = "0A"  # as the kernel writes it
LOOPBACK = "0100007F"
NOWHERE = "http://127.0.0.1:9/api/messages"


@pytest.mark.skipif(sys.platform != "linux", reason="reads what Linux tells of a process")
async def test_it_listens_on_loopback_alone(tmp_path: Path) -> None:
    async with playground(NOWHERE, tmp_path) as played:
        sockets = {str(link.readlink()) for link in Path(f"/proc/{played.process}/fd").iterdir()}
        lines = [line.split() for table in ("tcp", "tcp6") for line in _table(played.process, table)]
        listening = [line[1] for line in lines if line[3] == LISTENING and f"socket:[{line[9]}]" in sockets]
        assert listening == [f"{LOOPBACK}:{int(played.url.rpartition(':')[2]):04X}"]


async def test_it_ends_when_nobody_holds_its_input(tmp_path: Path) -> None:
    async with playground(NOWHERE, tmp_path) as played:
        process = played.process
    assert not Path(f"/proc/{process}").exists()


@pytest.mark.parametrize(
    "call",
    [
        "fetch('http://192.0.2.1/')",
        "fetch('https://telemetry.example/')",
        "new Promise((_, no) => require('node:http').get('http://192.0.2.1/').on('error', no))",
        "new Promise((_, no) => require('node:net').connect(443, 'telemetry.example').on('error', no))",
    ],
)
async def test_it_calls_nobody_else(call: str) -> None:
    script = f"(async () => {call})().catch(e => {{ console.log(e.cause ?? e); process.exit(0); }})"
    process = await asyncio.create_subprocess_exec(
        NODE, "--require", PIN, "--eval", script, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin and process.stdout
    said = await process.stdout.read()
    assert await process.wait() == 0
    assert b"Nobody but this machine may be called" in said


def _table(process: int, name: str) -> list[str]:
    return Path(f"/proc/{process}/net/{name}").read_text().splitlines()[1:]
