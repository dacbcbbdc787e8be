"""What taking in documents costs is measured on whole processes; here, that they measure and say what is missing."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ops.bench import knowledge_intake
from ops.bench.knowledge import Options


def test_ours_says_what_it_took(tmp_path: Path) -> None:
    for name in ("warm", "folder"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "leave.md").write_text("# Leave\n\nEverybody has 25 days.")
    command = [sys.executable, "-m", "ops.bench.intake_ours", str(tmp_path / "warm"), str(tmp_path / "folder"), "2"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout).keys() == {"seconds", "passages", "bytes"}


def test_missing_data_is_said_aloud(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="HAUSGEIST_DATA"):
        list(knowledge_intake.run(Options(tmp_path, tmp_path)))


def test_the_peers_are_pinned() -> None:
    lines = knowledge_intake.REQUIRED.read_text().splitlines()
    assert all("==" in line for line in lines)
    assert {"langchain-community", "haystack-ai", "faiss-haystack"} <= {line.split("==")[0] for line in lines}
