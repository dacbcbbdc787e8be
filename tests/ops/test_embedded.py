"""The embedded servers, as processes: none outlives us, none runs twice, nothing that was written is lost."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ops.embedded import Endpoint, StartError, embedded_model, embedded_valkey, valkey_binary
from ops.models import pull

ROOT = Path(__file__).parents[2]
LAUNCH = (sys.executable, "-IS", str(ROOT / "ops" / "embedded_launch.py"))
KEEPER = """
import asyncio, pathlib, sys
from ops.embedded import embedded_valkey

async def main():
    async with embedded_valkey(pathlib.Path(sys.argv[1])) as url:
        print(url, flush=True)
        await asyncio.to_thread(sys.stdin.read)

asyncio.run(main())
"""


@contextmanager
def keeper(data_dir: Path, *, wait: bool = True) -> Iterator[subprocess.Popen[str]]:
    """Another process that keeps, or shares, the Valkey of `data_dir` until its stdin closes."""
    command = (sys.executable, "-c", KEEPER, str(data_dir))
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert not wait or process.stdout.readline().startswith("unix://")
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def leftover(data_dir: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A Valkey that nobody keeps, as one stays behind where no signal tells it of its parent's death."""
    for name in ("run", "valkey"):
        (data_dir / name).mkdir()
    socket = data_dir / "valkey" / "valkey.sock"
    options = ("--port", "0", "--unixsocket", str(socket), "--dir", str(socket.parent))
    setup = (str(os.getpid()), str(data_dir / "run" / "valkey.pid"), "0", "SIGTERM")
    command = (*LAUNCH, *setup, str(valkey_binary()), *options)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        yield process, f"unix://{socket}"
        process.kill()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    """A process that is none of our business."""
    with subprocess.Popen(("sleep", "60")) as process:
        yield process
        process.kill()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte."""
    mount = subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", tmp_path), capture_output=True, check=False
    )
    if mount.returncode:
        pytest.skip("needs the right to mount a small disk: " + mount.stderr.decode().strip())
    yield tmp_path
    subprocess.run(("umount", tmp_path), check=True)


def server_pid(data_dir: Path) -> int:
    return int((data_dir / "run" / "valkey.pid").read_text())


def servers_of(data_dir: Path) -> list[int]:
    pids = (int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit())
    return [pid for pid in pids if is_alive(pid) and f"unixsocket:{data_dir}/" in command_line(pid)]


def command_line(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text()


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def gone_within(seconds: float, pid: int) -> bool:
    async with asyncio.timeout(seconds):
        while is_alive(pid):  # another process's end cannot be awaited
            await asyncio.sleep(0.02)
    return True


async def ask(url: str, *command: str | int) -> Any:
    """The answer to one command, asked again while the server comes back."""
    async with asyncio.timeout(8):
        while True:
            try:
                async with Redis.from_url(url, decode_responses=True) as client:
                    return await client.execute_command(*command)  # type: ignore[no-untyped-call]  # redis-py
            except (RedisError, OSError):
                await asyncio.sleep(0.02)


async def test_state_is_private_durable_and_off_the_network(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        config: dict[str, str] = {}
        for name in ("appendonly", "appendfsync", "save", "maxmemory-policy", "port"):
            config |= await ask(url, "CONFIG", "GET", name)
        socket_mode = (tmp_path / "valkey" / "valkey.sock").stat().st_mode & 0o777
        folder_mode = (tmp_path / "valkey").stat().st_mode & 0o777
    assert config == {
        "appendonly": "yes",
        "appendfsync": "always",
        "save": "",
        "maxmemory-policy": "noeviction",
        "port": "0",
    }
    assert (socket_mode, folder_mode) == (0o700, 0o700)


async def test_killed_parent_leaves_no_server_and_loses_nothing(tmp_path: Path) -> None:
    with keeper(tmp_path) as parent:
        await ask(f"unix://{tmp_path}/valkey/valkey.sock", "SET", "question", "42")
        orphan = server_pid(tmp_path)
        parent.kill()
        assert await gone_within(3, orphan)
    async with embedded_valkey(tmp_path) as url:
        assert await ask(url, "GET", "question") == "42"


async def test_killed_server_comes_back_at_the_same_address(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        await ask(url, "SET", "question", "42")
        os.kill(killed := server_pid(tmp_path), signal.SIGKILL)
        assert await gone_within(3, killed)
        assert await ask(url, "GET", "question") == "42"


async def test_leaving_stops_the_server(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path):
        pid = server_pid(tmp_path)
        assert is_alive(pid)
    assert not is_alive(pid)


async def test_second_process_shares_the_server_and_takes_it_over(tmp_path: Path) -> None:
    with keeper(tmp_path) as first:
        pid = server_pid(tmp_path)
        async with embedded_valkey(tmp_path) as url:
            await ask(url, "SET", "question", "42")
            assert server_pid(tmp_path) == pid
            first.kill()
            assert await gone_within(3, pid)
            assert await ask(url, "GET", "question") == "42"
            assert server_pid(tmp_path) != pid


async def test_starts_at_once_run_one_server(tmp_path: Path) -> None:
    with keeper(tmp_path, wait=False) as first, keeper(tmp_path, wait=False) as second:
        assert first.stdout and second.stdout
        assert first.stdout.readline() == second.stdout.readline() == f"unix://{tmp_path}/valkey/valkey.sock\n"
        assert servers_of(tmp_path) == [server_pid(tmp_path)]


async def test_nested_use_shares_the_server(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as one, embedded_valkey(tmp_path) as other:
        await ask(one, "SET", "question", "42")
        assert await ask(other, "GET", "question") == "42"


async def test_leftover_server_is_ended_before_another_starts(tmp_path: Path) -> None:
    with leftover(tmp_path) as (process, address):
        await ask(address, "PING")
        async with embedded_valkey(tmp_path) as url:
            assert process.wait(5) == 0
            assert await ask(url, "CONFIG", "GET", "appendonly") == {"appendonly": "yes"}


async def test_stale_files_name_nobody(tmp_path: Path, bystander: subprocess.Popen[bytes]) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "valkey.pid").write_text(str(bystander.pid))
    (run / "valkey.json").write_text("{half a fi")
    async with embedded_valkey(tmp_path) as url:
        assert await ask(url, "PING")
    assert bystander.poll() is None


async def test_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path / ("deep" * 30)) as url:
        assert len(url) < 80
        assert await ask(url, "PING")


async def test_damaged_file_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        await ask(url, "SET", "question", "42")
    (log,) = (tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof")
    log.write_bytes(b"no such command\r\n" * 100)
    with pytest.raises(StartError, match=r"^the embedded Valkey did not start: .*valkey is damaged: .*move it away"):
        async with embedded_valkey(tmp_path):
            pass


async def test_unwritable_place_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match=r"^cannot write .*: set HAUSGEIST_DATA_DIR|; set HAUSGEIST_DATA_DIR"):
        async with embedded_valkey(tmp_path / "file"):
            pass


async def test_full_disk_is_one_line_that_says_what_to_do(small_disk: Path) -> None:
    with pytest.raises(StartError, match=r"^the disk of .* is full .*HAUSGEIST_DATA_DIR"):
        async with embedded_valkey(small_disk):
            pass


def test_launch_without_its_parent_starts_nothing(tmp_path: Path) -> None:
    command = (*LAUNCH, "1", str(tmp_path / "pid"), "0", "SIGTERM", "/bin/true")
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 1
    assert b"is gone" in done.stderr
    assert not (tmp_path / "pid").exists()


async def test_damaged_model_is_one_line_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGUF and no more")
    with pytest.raises(StartError, match=r"^the embedded model did not start: .*broken.gguf is damaged"):
        async with embedded_model(tmp_path, tmp_path / "broken.gguf"):
            pass


@pytest.mark.model
@pytest.mark.timeout(120)
async def test_model_answers_who_has_the_key_and_comes_back_after_a_crash(tmp_path: Path) -> None:
    weights = await asyncio.to_thread(pull, "small")
    async with embedded_model(tmp_path, weights, ctx=512) as endpoint:
        (pid_file,) = (tmp_path / "run").glob("model-*.pid")
        pid = int(pid_file.read_text())
        assert endpoint.key not in command_line(pid)
        assert os.getpriority(os.PRIO_PROCESS, pid) >= 10
        assert await status(endpoint, key="wrong") == 401
        assert await status(endpoint) == 200
        os.kill(pid, signal.SIGKILL)
        assert await gone_within(3, pid)
        assert await status(endpoint) == 200
        pid = int(pid_file.read_text())
    assert not is_alive(pid)


async def status(endpoint: Endpoint, key: str | None = None) -> int:
    """The status of a short question, asked again while the server comes back."""
    headers = {"Authorization": f"Bearer {endpoint.key if key is None else key}"}
    body = {"messages": [{"role": "user", "content": "Say yes."}], "max_tokens": 4}
    deadline = time.monotonic() + 60
    async with aiohttp.ClientSession(headers=headers) as session:
        while True:
            try:
                async with session.post(f"{endpoint.url}/chat/completions", json=body) as response:
                    if response.status != 503 or time.monotonic() > deadline:
                        return response.status
            except aiohttp.ClientConnectionError:
                assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
