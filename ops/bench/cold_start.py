"""Measures whole processes, as an operator would see them."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

READY_SECONDS: Final = 60.0
NO_MODEL: Final = "http://127.0.0.1:9/v1"


def footprint(rounds: int = 3) -> None:
    """Cold start and memory of `hausgeist serve` with an embedded Valkey, an empty index and no model server."""
    starts, memories = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, _serving(folder) as (process, seconds):
            starts.append(seconds)
            memories.append(_resident_mb(process.pid))
    bare = _bare_python_mb()
    click.echo(f"cold start to ready: {sorted(starts)[rounds // 2]:.2f} s (median of {rounds})")
    click.echo(f"resident memory: {sorted(memories)[rounds // 2]:.0f} MB, Valkey and model server not counted")
    click.echo(f"name=footprint ratio={sorted(memories)[rounds // 2] / bare:.1f}")


@contextmanager
def _serving(folder: str) -> Iterator[tuple["subprocess.Popen[bytes]", float]]:
    """The running service and the seconds until it was ready."""
    port = _free_port()
    environment = {
        "PATH": os.defpath,
        "HOME": folder,
        "HAUSGEIST_BIND": f"127.0.0.1:{port}",
        "HAUSGEIST_MODEL_URL": NO_MODEL,
    }
    begun = time.monotonic()
    command = [str(Path(sys.executable).with_name("hausgeist")), "serve"]
    with subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.DEVNULL) as process:  # noqa: S603
        try:
            _wait_until_ready(process, port)
            yield process, time.monotonic() - begun
        finally:
            process.send_signal(signal.SIGTERM)


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.02)
    raise OSError("hausgeist serve did not become ready; run it by hand to see why")


def _resident_mb(pid: int) -> float:
    """Resident memory in MB, from `/proc` or, where there is none, from `ps`."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024
    ps = shutil.which("ps") or "ps"
    return int(subprocess.check_output([ps, "-o", "rss=", "-p", str(pid)])) / 1024  # noqa: S603


def _bare_python_mb() -> float:
    """What an interpreter takes that has imported nothing but the web server."""
    code = "import fastapi, uvicorn, sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout
        process.stdout.readline()
        return _resident_mb(process.pid)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
