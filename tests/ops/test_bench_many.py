"""The bench of many files fills a folder, and tells what it cost."""

from pathlib import Path

import pytest

from ops.bench import knowledge_many
from ops.bench.knowledge import Options


@pytest.mark.timeout(120)
def test_it_takes_in_reads_again_and_lists(tmp_path: Path) -> None:
    knowledge_many.fill(tmp_path / "files", 1001)
    assert len(list((tmp_path / "files").rglob("*.md"))) == 1001
    figures = {one.name: one for one in knowledge_many.run(Options(tmp_path, tmp_path, 200))}
    assert len(figures) == 7
    assert all(figures[f"many-{what}-cpu-ms-a-file"].value > 0 for what in ("first", "again", "listed"))
