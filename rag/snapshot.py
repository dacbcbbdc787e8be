"""The index of a generation as files beside it, so that a process begins by mapping them, not by building anew.

A snapshot is a folder named after the counters up to which it holds everything. It appears whole, by a rename; one that
is torn, older than another, or of another store is as good as none. Processes on one host share its pages.
"""

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rag.part import Arrays, Part
from rag.postings import Segment
from rag.vectors import coarse, opened

FORM = 1
_MANIFEST = "manifest.json"
_COLUMNS = ("ids", "lengths", "vectors", "terms", "starts", "places", "weights")

Counters = tuple[int, int]
"""The last passage added and the last removal written down, by their numbers in the store."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A part for each audience, with all up to `seen`."""

    seen: Counters
    parts: dict[int, Part]


def newest(folder: Path, now: Counters) -> Counters | None:
    """Returns how far the newest snapshot goes that is not ahead of the store, by its name alone."""
    return next((seen for seen in _named(folder) if seen[0] <= now[0] and seen[1] <= now[1]), None)


def load(folder: Path, store: str, now: Counters) -> Snapshot | None:
    """Returns the newest snapshot of this store that is whole, if there is one."""
    for seen in _named(folder):
        if seen[0] <= now[0] and seen[1] <= now[1]:
            try:
                return _loaded(folder / _name(seen), store, seen)
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return None


def save(folder: Path, store: str, seen: Counters, parts: Mapping[int, Arrays]) -> None:
    """Writes a snapshot, then removes those before it; raises OSError, and leaves nothing behind."""
    folder.mkdir(mode=0o700, exist_ok=True)
    fresh = folder / f"new-{secrets.token_hex(4)}"
    fresh.mkdir(mode=0o700)
    try:
        _write(fresh, store, parts)
        if not (folder / _name(seen)).exists():
            fresh.rename(folder / _name(seen))
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for older in _named(folder):
        if older < seen:
            shutil.rmtree(folder / _name(older), ignore_errors=True)


def _write(folder: Path, store: str, parts: Mapping[int, Arrays]) -> None:
    columns = {audience: _columns(arrays) for audience, arrays in parts.items()}
    for name in _COLUMNS:
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
    shape = sum(map(len, pieces)), *pieces[0].shape[1:]
    if not shape[0]:
        np.save(path, pieces[0])
        return
    whole = np.lib.format.open_memmap(path, "w+", pieces[0].dtype, shape)
    begin = 0
    for piece in pieces:
        whole[begin : begin + len(piece)] = piece
        begin += len(piece)
    whole.flush()


def _loaded(folder: Path, store: str, seen: Counters) -> Snapshot:
    """Maps a snapshot; raises ValueError where it is not what it says."""
    manifest = json.loads((folder / _MANIFEST).read_text())
    if (manifest["form"], manifest["store"]) != (FORM, store):
        raise ValueError("another store's")
    for name, size in manifest["sizes"].items():
        if (folder / name).stat().st_size != size:
            raise ValueError("torn")
    whole = {name: np.load(folder / f"{name}.npy", mmap_mode="r").view(np.ndarray) for name in _COLUMNS}
    parts, begins = {}, [0] * len(_COLUMNS)
    for audience, lengths in manifest["lengths"].items():
        ends = [begin + length for begin, length in zip(begins, lengths, strict=True)]
        columns = [whole[name][begin:end] for name, begin, end in zip(_COLUMNS, begins, ends, strict=True)]
        ids, words, vectors = columns[:3]
        arrays = Arrays(ids, words, vectors, Segment(*columns[3:]))
        index = folder / f"{audience}.faiss"
        parts[int(audience)] = Part(arrays, opened(arrays.vectors, index if index.exists() else None))
        begins = ends
    return Snapshot(seen, parts)


def _named(folder: Path) -> list[Counters]:
    """Returns the snapshots that there seem to be, the newest first."""
    return sorted(_counters(folder), reverse=True)


def _counters(folder: Path) -> Iterator[Counters]:
    for path in folder.iterdir() if folder.is_dir() else ():
        passages, _, removals = path.name.partition("-")
        if passages.isdecimal() and removals.isdecimal():
            yield int(passages), int(removals)


def _name(seen: Counters) -> str:
    return f"{seen[0]}-{seen[1]}"
