"""Whatever a process was at when it was killed, the next one answers rightly, and ends what it began."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TIMES = 8


@pytest.mark.timeout(120)
@pytest.mark.parametrize("act", ["sync", "renew", "rollback", "delete"])
def test_killed_at_any_step_it_harms_nothing(act: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.rag.killed", act, str(TIMES), "7", str(tmp_path)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["wrong"] == {}
