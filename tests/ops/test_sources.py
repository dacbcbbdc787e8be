"""Sources as admins see them: taken in by address, each by its own clock, with what is wrong said everywhere."""

import asyncio
import json
import math
import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from ops.doctor import diagnose
from ops.freshness import late
from ops.metrics import Metrics
from ops.people import delete_document
from ops.rounds import Rounds
from ops.settings import Settings, load
from ops.settings_knowledge import PassedOn
from rag.embedder import HashEmbedder, Vectors
from rag.library import Library
from rag.sources import Source
from rag.uploads import Uploads
from tests.rag.site import web_site


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("HAUSGEIST_DATA_DIR", str(tmp_path / "data"))
    return load()


def hausgeist(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Runs the command line with a data directory of its own, and no model."""
    program = Path(__file__).parents[2] / ".venv" / "bin" / "hausgeist"
    known = {"HAUSGEIST_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    return subprocess.run((program, *words), env=known, capture_output=True, text=True, check=False, cwd=tmp_path)


@pytest.mark.timeout(180)
def test_an_address_is_taken_in_and_listed_with_what_failed(tmp_path: Path) -> None:
    with web_site() as site:
        site.pages["/"] = "<!doctype html><title>Home</title><p>Dogs may come on Fridays. <a href='/broken'>b</a>"
        site.answers["/broken"] = 403
        done = hausgeist(tmp_path, "ingest", site.url, "--minutes", "5", "--groups", "staff", "--json")
        assert json.loads(done.stdout)["indexed"] == 1, done.stderr
        address = site.url
    (told,) = map(json.loads, hausgeist(tmp_path, "admin", "sources", "--json").stdout.splitlines())
    assert (told["address"], told["minutes"], told["documents"], told["failed"]) == (address, 5, 1, 1)
    assert told["readers"] == {"staff": 1}
    listed = hausgeist(tmp_path, "admin", "failures", "--source", address).stdout
    assert listed.splitlines()[0] == "127.0.0.1/broken: answers 403"
    assert hausgeist(tmp_path, "ingest", address).returncode == 1
    assert "problem" in hausgeist(tmp_path, "admin", "sources").stdout
    assert "is forgotten" in hausgeist(tmp_path, "admin", "forget", address).stdout
    assert hausgeist(tmp_path, "admin", "failures", "--source", address).returncode == 1
    assert hausgeist(tmp_path, "ingest", address).returncode == 1  # never read, so it has no document
    assert "can be found" not in hausgeist(tmp_path, "admin", "sources").stdout
    assert hausgeist(tmp_path, "admin", "forget", address).stdout == f"{address} is forgotten, 0 documents removed.\n"
    assert hausgeist(tmp_path, "admin", "forget", address).returncode == 1


def folder(tmp_path: Path, name: str) -> Path:
    (tmp_path / name).mkdir()
    (tmp_path / name / "a.md").write_text("# Dogs\nFridays")
    return tmp_path / name


async def test_each_source_has_its_own_clock(library: Library, tmp_path: Path) -> None:
    often, seldom = folder(tmp_path, "often"), folder(tmp_path, "seldom")
    library.sync(Source(often, minutes=0.0001))
    library.sync(Source(seldom, minutes=60))
    for path in (often, seldom):
        (path / "b.md").write_text("# Cats\nnever")
    rounds, counted = Rounds(library, 60), dict[str, int]()
    while counted.get("often") != 2:
        await rounds.go()
        await asyncio.sleep(0.01)
        counted = {known.source.name: known.documents for known in library.sources()}
    await rounds.stop()
    assert counted["seldom"] == 1


class Held(HashEmbedder):
    """Embeds nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.let = threading.Event(), threading.Event()

    def passages(self, texts: list[str]) -> Vectors:
        self.asked.set()
        self.let.wait()
        return super().passages(texts)


async def test_stopped_half_way_a_source_is_no_problem_and_goes_on(tmp_path: Path) -> None:
    embedder = Held()
    library = Library.open(tmp_path / "data", embedder)
    large = folder(tmp_path, "large")
    for number in range(600):
        (large / f"{number:03}.md").write_text(f"# Rule {number}")
    library.catalog.source(Source(large).root, "default", (), "")
    rounds = Rounds(library, 60)
    await rounds.go()
    await asyncio.to_thread(embedder.asked.wait)
    stopping = asyncio.create_task(rounds.stop())
    await asyncio.sleep(0)
    embedder.let.set()
    await stopping
    (known,) = library.sources()
    assert 0 < known.documents < 601
    assert (known.problem, known.last_try) == ("", "")
    assert library.sync(known.source).indexed == 601 - known.documents
    library.close()


async def test_metrics_and_doctor_tell_how_sources_stand(settings: Settings, tmp_path: Path) -> None:
    from ops.build import open_library

    library = open_library(settings, HashEmbedder())
    library.sync(Source(folder(tmp_path, "good")))
    gone = folder(tmp_path, "gone")
    library.sync(Source(gone))
    shutil.rmtree(gone)
    rounds = Rounds(library, 0.0001)
    while not library.sources()[1].problem:
        await rounds.go()
        await asyncio.sleep(0.01)
    await rounds.stop()
    exposition = (await Metrics(sources=library.sources).exposition()).decode()
    found = {
        (one.name, one.labels.get("source")): one.value
        for family in text_string_to_metric_families(exposition)
        for one in family.samples
    }
    assert (found["assistant_source_problem", "1"], found["assistant_source_problem", "2"]) == (0, 1)
    assert found["assistant_source_documents", "2"] == 1
    assert not math.isnan(found["assistant_source_age_seconds", "2"])
    library.close()
    findings = await asyncio.to_thread(diagnose, settings)
    assert [it.part for it in findings if it.part.startswith("Source ") and not it.ok] == ["Source 2"]


def test_what_is_late(library: Library) -> None:
    (known,) = library.sources()
    assert not late(known, 15)
    assert late(known, 15, datetime.now(UTC) + timedelta(minutes=46))


def test_programs_are_told_of_proxies_and_of_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("SSL_CERT_FILE", "/etc/ssl/own.pem")
    monkeypatch.setenv("SLACK_BOT_TOKEN", "secret")
    told = PassedOn().as_environment()
    assert (told["https_proxy"], told["SSL_CERT_FILE"]) == ("http://proxy:3128", "/etc/ssl/own.pem")
    assert "secret" not in told.values()


async def test_only_what_its_source_still_holds_is_said_to_come_back(
    settings: Settings, tmp_path: Path, redis_url: str, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    from ops.build import open_library

    library = open_library(settings, HashEmbedder())
    library.sync(Source(folder(tmp_path, "docs")))
    await Uploads(library).add("cats.md", b"# Cats\nnever", "default", frozenset())
    library.close()
    told = settings.model_copy(update={"redis_url": redis_url, "redis_lenient": True})
    for doc_id, comes_back in (("a.md", True), ("uploads/default/cats.md", False)):
        await delete_document(told, doc_id, as_json=False)
        assert (f"admin restore-doc {doc_id}" in capsys.readouterr().out) == comes_back
