"""The index of a generation as files beside it, so that a process begins by mapping them, not by building anew.

A snapshot is a folder named after the counters up to which it holds everything. It appears whole, by a rename; one that
is torn, older than another, or of another store is as good as none. Processes on one host share its pages.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from rag.indexing.part import Arrays, Part
from rag.indexing.postings import Segment
from rag.indexing.vectors import coarse, opened

FORM = 1
_MANIFEST = "manifest.json"
_COLUMNS = ("ids", "lengths", "vectors", "terms", "starts", "places", "weights")

Counters = tuple[int, int]
"""The last passage added and the last removal written down, by their numbers in the store."""

NOTHING: Counters = (0, 0)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A part for each audience, with all up to `seen`."""

    seen: Counters
    parts: dict[int, Part]


class Kept(NamedTuple):
    """A snapshot that is whole: how far it goes, when it was written, in seconds of the epoch, its arrays' lengths."""

    seen: Counters
    written: float
    lengths: dict[str, list[int]]


def counters(db: Connection) -> Counters:
    """Returns how far a store is."""
    said = dict(db.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    return said.get("passages", 0), said.get("removals", 0)


def newest(folder: Path, store: str, now: Counters) -> Kept | None:
    """Returns the newest snapshot of this store that is whole and not ahead of it, if there is one."""
    there = (_kept(folder, store, seen) for seen in _named(folder) if seen[0] <= now[0] and seen[1] <= now[1])
    return next(filter(None, there), None)


def load(folder: Path, store: str, now: Counters) -> Snapshot | None:
    """Maps the newest snapshot of this store that is whole, if there is one."""
    kept = newest(folder, store, now)
    try:
        return Snapshot(kept.seen, _mapped(folder / _name(kept.seen), kept.lengths)) if kept else None
    except (OSError, ValueError):  # another process wrote a newer one just now, or the disk is at fault
        return None


def save(folder: Path, store: str, seen: Counters, parts: Mapping[int, Arrays]) -> None:
    """Writes a snapshot, then removes all others; raises OSError, and leaves nothing behind.

    Whoever calls it holds the folder's lock: what else lies there was left by a process that was killed.
    """
    fresh = folder / "new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    try:
        _write(fresh, store, parts)
        shutil.rmtree(folder / _name(seen), ignore_errors=True)  # one that is torn
        fresh.rename(folder / _name(seen))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for other in _named(folder):
        if other != seen:
            shutil.rmtree(folder / _name(other), ignore_errors=True)


def _write(folder: Path, store: str, parts: Mapping[int, Arrays]) -> None:
    columns = {audience: _columns(arrays) for audience, arrays in parts.items()}
    for name in _COLUMNS if parts else ():
        _concatenated(folder / f"{name}.npy", [each[name] for each in columns.values()])
    for audience, arrays in parts.items():
        coarse(arrays.vectors, folder / f"{audience}.faiss")
    sizes = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb+") as file:
            os.fsync(file)
        path.chmod(0o600)
        sizes[path.name] = path.stat().st_size
    lengths = {audience: [len(each[name]) for name in _COLUMNS] for audience, each in columns.items()}
    manifest = folder / _MANIFEST
    manifest.touch(mode=0o600)
    manifest.write_text(json.dumps({"form": FORM, "store": store, "lengths": lengths, "sizes": sizes}))


def _columns(arrays: Arrays) -> dict[str, npt.NDArray[Any]]:
    segment = arrays.segment
    told = (arrays.ids, arrays.lengths, arrays.vectors, segment.terms, segment.starts, segment.places, segment.weights)
    return dict(zip(_COLUMNS, told, strict=True))


def _concatenated(path: Path, pieces: list[npt.NDArray[Any]]) -> None:
    """Writes arrays as one; written, not mapped: on a full disk a mapped page that cannot be kept kills the process."""
    told = {
        "descr": np.lib.format.dtype_to_descr(pieces[0].dtype),
        "fortran_order": False,
        "shape": (sum(map(len, pieces)), *pieces[0].shape[1:]),
    }
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, told)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece).reshape(-1).data)


def _kept(folder: Path, store: str, seen: Counters) -> Kept | None:
    """Reads what a snapshot says of itself; None where it is torn, or another store's."""
    path = folder / _name(seen)
    try:
        manifest = json.loads((path / _MANIFEST).read_text())
        whole = all((path / name).stat().st_size == size for name, size in manifest["sizes"].items())
        kept = Kept(seen, (path / _MANIFEST).stat().st_mtime, manifest["lengths"])
        return kept if whole and (manifest["form"], manifest["store"]) == (FORM, store) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _mapped(folder: Path, lengths: Mapping[str, list[int]]) -> dict[int, Part]:
    names = _COLUMNS if lengths else ()
    whole = {name: np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in names}
    parts, begins = {}, [0] * len(_COLUMNS)
    for audience, long in lengths.items():
        ends = [begin + length for begin, length in zip(begins, long, strict=True)]
        columns = [whole[name][begin:end] for name, begin, end in zip(_COLUMNS, begins, ends, strict=True)]
        ids, words, vectors = columns[:3]
        arrays = Arrays(ids, words, vectors, Segment(*columns[3:]))
        index = folder / f"{audience}.faiss"
        parts[int(audience)] = Part(arrays, opened(arrays.vectors, index if index.exists() else None))
        begins = ends
    return parts


def _named(folder: Path) -> list[Counters]:
    """Returns the snapshots that there seem to be, the newest first."""
    return sorted(_reached(folder), reverse=True)


def _reached(folder: Path) -> Iterator[Counters]:
    for path in folder.iterdir() if folder.is_dir() else ():
        passages, _, removals = path.name.partition("-")
        if passages.isdecimal() and removals.isdecimal():
            yield int(passages), int(removals)


def _name(seen: Counters) -> str:
    return f"{seen[0]}-{seen[1]}"
