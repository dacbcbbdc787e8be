"""Whether the files of the names model are those that were published with their checksums."""

from hashlib import sha256
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent / "names"


def files_altered() -> list[str]:
    """The files that are missing or not as they were."""
    lines = (FOLDER / "SHA256").read_text().splitlines()
    return [name for digest, name in map(str.split, lines) if _digest(FOLDER / name) != digest]


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.exists() else ""
