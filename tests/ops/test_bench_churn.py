"""The benches of cost and churn, on libraries so small that only their working is shown."""

from pathlib import Path

import pytest

from ops.bench import knowledge_churn, knowledge_cost
from ops.bench.knowledge import Options


def test_churn_deletes_swaps_and_fails_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"SMALL": 200, "LARGE": 400, "TIMES": 2, "SWAPS": 1}.items():
        monkeypatch.setattr(knowledge_churn, name, value)
    figures = {figure.name: figure for figure in knowledge_churn.run(Options(tmp_path, tmp_path, 20))}
    assert len(figures) == 9
    counted = [figure for name, figure in figures.items() if "found" in name or "failed" in name]
    assert [figure.value for figure in counted] == [0, 0, 0]
    assert all(figure.count for figure in counted)


def test_cost_compares_with_both_halves_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowledge_cost, "SIZE", 500)
    figures = {figure.name: figure.value for figure in knowledge_cost.run(Options(tmp_path, tmp_path, 5))}
    assert figures["cost-search-over-faiss-and-bm25"] > 0
    assert figures["cost-seconds-to-first-answer"] > 0
