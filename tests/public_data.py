"""Public material that tests measure on; it is not part of the repository."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / os.environ.get("HAUSGEIST_DATA", "../shared/data")


def public_data(name: str) -> Path:
    """A file or folder of it; where it is missing, CI fails and anybody else is told aloud what was not run."""
    if (ROOT / name).exists():
        return ROOT / name
    reason = f"public test data is missing: {ROOT.resolve() / name}; set HAUSGEIST_DATA to its folder"
    if os.environ.get("CI") or ROOT.exists():
        pytest.fail(reason)
    pytest.skip(reason)
