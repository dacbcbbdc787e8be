"""The words of a passage as the index keeps them: a hash of each stem and what its occurrences weigh, in few bytes."""

from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

TITLE, HEADING, BODY = 8, 2, 1  # what an occurrence weighs, by where it stands
_TERM = np.dtype("<u8")
_WEIGHT = np.dtype("<u2")
_SIZE = _TERM.itemsize + _WEIGHT.itemsize

Terms = npt.NDArray[np.uint64]
Weights = npt.NDArray[np.uint16]


def packed(title: Iterable[str], heading: Iterable[str], body: Iterable[str]) -> tuple[int, bytes]:
    """Returns how many words a passage has, and its distinct stems with their weights."""
    weights: Counter[int] = Counter()
    length = 0
    for weight, stems in ((TITLE, title), (HEADING, heading), (BODY, body)):
        for stem in stems:
            weights[term(stem)] += weight
            length += 1
    terms = np.fromiter(weights.keys(), _TERM, len(weights))
    counted = np.fromiter((min(weight, 0xFFFF) for weight in weights.values()), _WEIGHT, len(weights))
    return length, terms.tobytes() + counted.tobytes()


def unpacked(blobs: list[bytes]) -> tuple[npt.NDArray[np.int64], Terms, Weights]:
    """Returns how many stems each passage has, and all their terms and weights in a row."""
    sizes = np.array([len(blob) // _SIZE for blob in blobs], np.int64)
    cuts = [len(blob) // _SIZE * _TERM.itemsize for blob in blobs]
    terms = b"".join(blob[:cut] for blob, cut in zip(blobs, cuts, strict=True))
    weights = b"".join(blob[cut:] for blob, cut in zip(blobs, cuts, strict=True))
    return sizes, np.frombuffer(terms, _TERM), np.frombuffer(weights, _WEIGHT)


@lru_cache(1 << 16)
def term(stem: str) -> int:
    """Returns the number that stands for a stem; two in a million stems share one once in thirty million indexes."""
    return int.from_bytes(blake2b(stem.encode(), digest_size=8).digest(), "little")
