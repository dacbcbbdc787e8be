"""A Milvus server on loopback, as milvus-lite ships it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.indexing.milvus import Server
from tests.redis_servers import free_ports


@contextmanager
def milvus_server(folder: Path, port: int = 0) -> Iterator[Server]:
    """Runs one with its data in this folder."""
    port = port or free_ports(1)[0]
    program = Path(sys.executable).with_name("milvus-lite")
    command = [str(program), "server", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while not _listens(port):
            assert process.poll() is None
            time.sleep(0.05)
        yield Server(f"http://127.0.0.1:{port}", "root:secret")
        process.terminate()


def _listens(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
