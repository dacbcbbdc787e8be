"""A folder or a file, such as a corpus: what is in it by the names of its files."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rag.errors import SourceError, Unreadable
from rag.labels import LABELS, Labels
from rag.parsing.parse import TYPES, parse
from rag.sources.corpus import record
from rag.sources.listing import Failure, Item, Place, Said


@contextmanager
def opened_folder(root: Path, shown: str = "") -> Iterator[Place]:
    """Opens a folder or file; raises SourceError where it is not there, or where others say who may read it."""
    if not root.exists():
        raise SourceError(f"{shown or root}: no such file or folder")
    _refuse_labelled_above(root)
    yield Folder(root)


@dataclass(frozen=True, slots=True)
class Folder:
    """The files below `root`, or that one file; `said_of` tells more about a file by its name, `origin` where it is."""

    root: Path
    said_of: Callable[[str], Said] = lambda _name: Said()
    origin: Callable[[str], str] | None = None

    def labels(self) -> Labels:
        """What the folder's labels say."""
        return Labels.read(self.root) if self.root.is_dir() else Labels()

    def items(self) -> Iterator[Item | Failure]:
        """Yields every file, in the order of names."""
        if not self.root.is_dir():
            yield from self._items(self.root, self.root.name)
            return
        for file in _files(self.root):
            yield from self._items(file, file.relative_to(self.root).as_posix())

    def _items(self, file: Path, name: str) -> Iterator[Item | Failure]:
        corpus = file.suffix.lower() == ".jsonl"
        origin = self.origin(name) if self.origin else str(file)
        try:
            if reason := _refusal(file, self.root, name):
                yield Failure(name, reason)
            elif corpus:
                yield from _records(file, name, origin)
            else:
                yield Item(name, _digest(file), partial(parse, file), origin, self.said_of(name))
        except OSError as error:
            if corpus:
                raise SourceError(f"{file} cannot be read: {error.strerror}") from error
            yield Failure(name, f"cannot be read: {error.strerror}", keeps=name)


def _records(file: Path, shown: str, origin: str) -> Iterator[Item | Failure]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                name, load = record(line)
            except Unreadable as error:
                yield Failure(f"{shown}:{number}", error.reason)
                if number == 1:  # then it is no corpus, and each line would say so
                    return
            else:
                yield Item(name, hashlib.sha256(line).hexdigest(), load, origin)


def _refuse_labelled_above(root: Path) -> None:
    """Raises SourceError where a folder above says who may read what is here: taken in alone, it would turn public."""
    for folder in (*root.parents, *Path(os.path.realpath(root)).parents):
        if os.path.lexists(folder / LABELS):
            raise SourceError(f"{root} is labelled by {folder / LABELS}: ingest {folder} instead")


def _files(root: Path) -> Iterator[Path]:
    own = os.path.lexists(root / LABELS)
    for folder, folders, files in os.walk(root, onerror=_unlistable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if LABELS in files and Path(folder) != root:
            remedy = f"move what it says into {root / LABELS}" if own else "ingest that folder by itself"
            raise SourceError(f"{folder} has its own {LABELS}: {remedy}")
        yield from (Path(folder, name) for name in sorted(files) if not name.startswith((".", "~$")) and name != LABELS)


def _unlistable(error: OSError) -> None:
    raise SourceError(f"{error.filename} cannot be listed: {error.strerror}") from error


def _refusal(file: Path, root: Path, name: str) -> str:
    """Says why this is nothing to open, or nothing."""
    if file != root and file.is_symlink() and not Path(os.path.realpath(file)).is_relative_to(os.path.realpath(root)):
        return "a link that leads out of the folder"
    if not stat.S_ISREG(file.stat().st_mode):
        return "not a regular file"
    if not _is_text(name):
        return "its name is not valid text"
    return "" if file.suffix.lower() in TYPES | {".jsonl"} else "unsupported type"


def _digest(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def _is_text(text: str) -> bool:
    return text.encode("utf-8", "replace").decode() == text
