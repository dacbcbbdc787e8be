"""Each part away for two seconds; `hausgeist bench outages` takes a minute each."""

from pathlib import Path

import pytest

from ops.bench.outages import run_outages


@pytest.mark.timeout(120)
async def test_every_outage_ends_by_itself(tmp_path: Path) -> None:
    outcomes = await run_outages(seconds=2.0, folder=tmp_path)
    assert [outcome.name for outcome in outcomes if not outcome.recovered] == []
