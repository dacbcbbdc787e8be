"""Twenty kills while questions flow through two replicas of each role; `hausgeist bench crash` does five hundred."""

from pathlib import Path

import pytest

from ops.bench.crash import run_crash


@pytest.mark.timeout(170)
async def test_kills_lose_no_question_answer_none_twice_and_leave_nobody_waiting(tmp_path: Path) -> None:
    verdict = await run_crash(kills=20, questions=80, pause=1.2, folder=tmp_path)
    assert verdict.sound, "\n\n".join(verdict.stories)
    assert verdict.acknowledged == verdict.asked == 80
