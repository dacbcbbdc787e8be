"""The doctor: names what is missing and what to do, tells no secret, and finds nothing wrong on a sound machine."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.events import Person
from bot.inbox import Inbox
from bot.seal import Seal
from ops.build import make_embedder, open_library
from ops.doctor import Finding, diagnose
from ops.embedded import embedded_valkey
from ops.settings import Settings
from rag.sources import Source
from tests.bot.house import turn
from tests.milvus_server import milvus_server
from tests.redis_servers import valkey_server
from tests.teams.certificates import certificate, private, written

NOBODY = "0 are being answered, 0 are put off"
WORKER = "hausgeist serve --role worker"


@pytest.fixture
def model_server() -> Iterator[str]:
    """A model server that wants the key `sesame`."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            allowed = self.headers["Authorization"] == "Bearer sesame" and self.path == "/v1/models"
            self.send_response(200 if allowed else 401)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


def examine(tmp_path: Path, **given: object) -> dict[str, Finding]:
    """The findings by part, for settings that name nothing but a data directory."""
    folders = {"data_dir": tmp_path / "data", "cache_dir": tmp_path / "cache", "bind": "127.0.0.1:0"}
    settings = Settings.model_validate(folders | given)
    return {finding.part: finding for finding in diagnose(settings)}


def test_sound_machine_lacks_only_documents_and_the_model(tmp_path: Path) -> None:
    findings = examine(tmp_path)
    assert [part for part, finding in findings.items() if not finding.ok] == ["Index", "Model"]
    assert findings["Model"].remedy == "hausgeist models pull default"
    assert findings["Valkey"].detail.startswith("Valkey server v=")
    assert not (tmp_path / "data").exists()


def test_local_gguf_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "own.gguf").write_bytes(b"GGUF")
    assert examine(tmp_path, model_name=str(tmp_path / "own.gguf"))["Model"].ok


def test_doing_without_a_model_is_well(tmp_path: Path) -> None:
    assert examine(tmp_path, model_name="none")["Model"].ok


async def test_redis_that_answers_is_well(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url:
        findings = await asyncio.to_thread(examine, tmp_path, redis_url=url)
    assert findings["Redis"].ok
    assert findings["Line"].ok
    assert findings["Parked turns"].ok


def test_the_embedded_line_is_looked_at_where_there_is_one(tmp_path: Path) -> None:
    assert "Line" not in examine(tmp_path)
    (tmp_path / "data" / "valkey").mkdir(parents=True)
    line = examine(tmp_path)["Line"]
    assert (line.ok, line.detail) == (True, "0 conversations wait, " + NOBODY)


async def test_what_waits_in_vain_and_what_is_parked_are_told(tmp_path: Path, redis: Redis, redis_url: str) -> None:
    inbox = Inbox(redis, Seal(bytes(32)))
    look = partial(asyncio.to_thread, examine, tmp_path, redis_url=redis_url, redis_lenient=True)
    await inbox.accept(turn("first", conversation="test:0"))
    alone = (await look())["Line"]
    assert (alone.ok, alone.detail) == (False, "1 conversations wait, " + NOBODY)
    assert alone.remedy == "start a worker: hausgeist serve"
    job = await inbox.take()
    assert job
    await inbox.park(job, "parked-1", {})
    parked = (await look())["Parked turns"]
    assert (parked.ok, parked.detail) == (False, "1")
    assert "hausgeist admin parked" in parked.remedy


async def test_a_long_line_needs_more_workers(tmp_path: Path, redis: Redis, redis_url: str) -> None:
    inbox = Inbox(redis, Seal(bytes(32)))
    for number in range(102):
        person = Person(f"test:{number}")
        await inbox.accept(turn(f"question {number}", conversation=f"test:{number}", person=person))
    assert await inbox.take()
    look = partial(asyncio.to_thread, examine, tmp_path, redis_url=redis_url, redis_lenient=True)
    finding = (await look())["Line"]
    assert (finding.ok, finding.remedy) == (False, "start more workers: " + WORKER)
    assert await inbox.take()
    assert (await look())["Line"].ok


def test_documents_are_counted_and_a_broken_index_is_told(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Hotels\n\nA hotel may cost EUR 180.\n")
    settings = Settings.model_validate({"data_dir": tmp_path / "data"})
    with closing(open_library(settings, make_embedder(settings))) as library:
        library.sync(Source(tmp_path / "docs"))
    assert examine(tmp_path)["Index"].detail == "1 documents, 1 passages"
    (tmp_path / "data" / "catalog.db").write_bytes(b"no database" * 1000)
    broken = examine(tmp_path)["Index"]
    assert not broken.ok
    assert "file is not a database" in broken.detail


async def test_redis_that_may_lose_questions_is_told(tmp_path: Path) -> None:
    async with valkey_server(aof=False) as server:
        finding = (await asyncio.to_thread(examine, tmp_path, redis_url=server.url))["Redis"]
        lenient = await asyncio.to_thread(examine, tmp_path, redis_url=server.url, redis_lenient=True)
    assert "keeps no append-only file" in finding.detail
    assert finding.remedy.startswith("set `appendonly yes` there")
    assert lenient["Redis"].ok


def test_silent_redis_is_named_without_its_password(tmp_path: Path) -> None:
    finding = examine(tmp_path, redis_url="redis://bot:s3cret@127.0.0.1:9/0")["Redis"]
    assert not finding.ok
    assert finding.detail.startswith("127.0.0.1:9: Redis does not answer (Error 111")
    assert finding.remedy == "start it, or correct HAUSGEIST_REDIS_URL"
    assert "s3cret" not in repr(finding)


def test_model_server_is_asked_with_its_key(tmp_path: Path, model_server: str) -> None:
    assert examine(tmp_path, model_url=model_server, model_key="sesame")["Model server"].ok
    refused = examine(tmp_path, model_url=model_server, model_key="s3cret")["Model server"]
    assert not refused.ok
    assert refused.detail == "127.0.0.1: Unauthorized"


def test_no_secret_is_told(tmp_path: Path) -> None:
    secrets = ("model_key", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "MICROSOFT_APP_PASSWORD")
    findings = examine(
        tmp_path,
        redis_url="redis://:s3cret@127.0.0.1:9/0",
        model_url="http://bot:s3cret@127.0.0.1:9/v1",
        **dict.fromkeys(secrets, "s3cret"),
    )
    assert "s3cret" not in repr(findings)


def test_half_configured_platforms_are_told_what_is_missing(tmp_path: Path) -> None:
    findings = examine(tmp_path, SLACK_BOT_TOKEN="xoxb-1", MICROSOFT_APP_ID="1234")
    assert findings["Slack"].detail == "half set up: SLACK_SIGNING_SECRET missing"
    assert findings["Teams"].detail == "half set up: MICROSOFT_APP_PASSWORD, MICROSOFT_APP_TENANT_ID missing"
    assert examine(tmp_path, SLACK_APP_TOKEN="xapp-1")["Slack"].detail == "half set up: SLACK_BOT_TOKEN missing"


def test_configured_platforms_are_on(tmp_path: Path) -> None:
    teams = {"MICROSOFT_APP_ID": "1234", "MICROSOFT_APP_PASSWORD": "p", "MICROSOFT_APP_TENANT_ID": "t"}
    findings = examine(tmp_path, SLACK_BOT_TOKEN="xoxb-1", SLACK_APP_TOKEN="xapp-1", **teams)
    assert findings["Slack"] == Finding("Slack", True, "on, Socket Mode")
    assert findings["Teams"] == Finding("Teams", True, "on, SingleTenant")


def test_a_certificate_is_told_of_before_it_is_over(tmp_path: Path) -> None:
    teams = {"MICROSOFT_APP_ID": "1234", "MICROSOFT_APP_TENANT_ID": "t"}
    for days, ok in ((300, True), (29, False)):
        pem = written(tmp_path / "bot.pem", private(), certificate(days=days))
        findings = examine(tmp_path, MICROSOFT_APP_CERTIFICATE=pem, **teams)
        assert findings["Teams"] == Finding("Teams", True, "on, SingleTenant")
        assert findings["Teams certificate"].ok is ok
        assert f"in {days - 1} days" in findings["Teams certificate"].detail


def test_taken_address_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        finding = examine(tmp_path, bind=bind)["Address"]
    assert not finding.ok
    assert finding.detail == f"{bind}: Address already in use"


def test_unwritable_data_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    finding = examine(tmp_path, data_dir=tmp_path / "file" / "data")["Data directory"]
    assert not finding.ok
    assert "HAUSGEIST_DATA_DIR" in finding.remedy


def test_both_faiss_wheels_are_a_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("faiss_cpu", "faiss_gpu"):
        info = tmp_path / f"{name}-1.15.1.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.15.1\n")
    monkeypatch.syspath_prepend(tmp_path)
    finding = examine(tmp_path)["FAISS"]
    assert not finding.ok
    assert "uninstall both" in finding.remedy


@pytest.mark.timeout(60)
def test_a_milvus_is_asked_which_one_it_is_and_its_token_told_to_nobody(tmp_path: Path) -> None:
    with milvus_server(tmp_path / "milvus") as server:
        found = examine(tmp_path, milvus_url=server.url, milvus_token="root:secret")["Milvus"]
        assert found.ok
        assert found.detail.endswith(f"at {server.url.removeprefix('http://')}")
    away = examine(tmp_path, milvus_url=server.url, milvus_token="root:secret")["Milvus"]
    assert not away.ok
    assert away.detail.startswith("Milvus at 127.0.0.1")
    assert "HAUSGEIST_MILVUS_URL" in away.remedy
    assert "secret" not in str((found, away))
    assert "Milvus" not in examine(tmp_path)
