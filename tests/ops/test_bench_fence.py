"""The bench of the fence, on a small company: it finds nothing, and where a fence is taken out it finds that."""

from collections.abc import Collection
from pathlib import Path

import pytest

from ops.bench import fence_company, knowledge_fence
from ops.bench.knowledge import Options
from rag import generation
from rag.library import Library

QUESTIONS = 80
LEAKS = (
    "fence-leaks",
    "fence-leaks-after-withdrawal",
    "fence-leaks-in-redis",
    "fence-leaks-in-reports-metrics-and-logs",
)


pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fence_company, "DOCUMENTS", 8)


def figures(tmp_path: Path) -> dict[str, float]:
    return {figure.name: figure.value for figure in knowledge_fence.run(Options(tmp_path, tmp_path, QUESTIONS))}


def test_nothing_gets_over_the_fence_and_its_readers_are_told_all(tmp_path: Path) -> None:
    found = figures(tmp_path)
    assert [found[name] for name in (*LEAKS, "fence-left-of-deleted")] == [0, 0, 0, 0, 0]
    assert (found["fence-told-to-readers"], found["fence-still-told-what-stayed-open"]) == (1, 1)
    assert found["fence-search-time-over-no-document"] > 0


def test_without_the_filter_it_finds_hundreds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "may_read", lambda _audience, _groups: True)
    found = figures(tmp_path)
    assert found["fence-leaks"] > 100
    assert found["fence-leaks-after-withdrawal"] > 40
    assert found["fence-leaks-in-redis"] > 100


def test_where_the_thread_keeps_what_was_closed_it_finds_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def readable(_library: Library, doc_ids: Collection[str], groups: frozenset[str]) -> frozenset[str]:
        return frozenset(doc_ids) if groups is not None else frozenset()

    monkeypatch.setattr(Library, "readable", readable)
    found = figures(tmp_path)
    assert found["fence-leaks-after-withdrawal"] > 20
