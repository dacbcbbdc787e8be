"""Documents that come over a wire or out of an archive, put into a file for the parser, within bounds."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath

from rag.errors import Unreadable
from rag.parsing.parse import LARGEST, parse
from rag.parsing.parsed import Parsed
from rag.words import printable

NAME = 100  # characters of a file's name


def spooled(name: str, pieces: Iterable[bytes]) -> Parsed:
    """Parses what comes in pieces, by its name; raises Unreadable where it is too large or gives no text."""
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        file = Path(folder) / file_name(name)
        fill(file, pieces)
        return parse(file)


def fill(
    file: Path, pieces: Iterable[bytes], largest: int = LARGEST, tell: Callable[[bytes], None] | None = None
) -> int:
    """Writes the pieces into a new file, tells each, and returns how many bytes there are; raises Unreadable."""
    size = 0
    with file.open("xb") as copy:
        for piece in pieces:
            size += len(piece)
            if size > largest:
                raise Unreadable(f"larger than {largest // 2**20} MB")
            copy.write(piece)
            if tell:
                tell(piece)
    return size


def file_name(name: str) -> str:
    """The last part of a name, fit to be a file's, with its ending."""
    last = PurePosixPath(printable(name).replace("\0", " ")).name or "document"
    suffix = PurePosixPath(last).suffix[-10:]
    stem = last.removesuffix(suffix).encode()[:NAME].decode("utf-8", "ignore").lstrip(".")
    return f"{stem or 'document'}{suffix}"
