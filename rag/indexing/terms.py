"""The words of a passage as the index keeps them: a hash of each stem and what its occurrences weigh, in few bytes."""

from collections import Counter
from collections.abc import Iterable
from functools import cache, lru_cache
from hashlib import blake2b
from struct import Struct

import numpy as np
import numpy.typing as npt

from rag.words import stem

TITLE, HEADING = 8, 2  # what an occurrence weighs there; in the body, 1
_WORDS = 1 << 17  # that are remembered with their terms, in each language
_NOTHING = 0
_MOST = 0xFFFF
_TERM = np.dtype("<u8")
_WEIGHT = np.dtype("<u2")
_SIZE = _TERM.itemsize + _WEIGHT.itemsize

Terms = npt.NDArray[np.uint64]
Weights = npt.NDArray[np.uint16]


def terms(words: Iterable[str], language: str) -> list[int]:
    """Returns the term of each word's stem in this language; words of which nothing is left have none."""
    found = list(map(_dictionary(language).__getitem__, words))
    return [term for term in found if term] if _NOTHING in found else found


def packed(title: Iterable[int], heading: Iterable[int], body: Iterable[int]) -> tuple[int, bytes]:
    """Returns how many terms a passage has, and its distinct terms with their weights."""
    weights = Counter(body)
    length = weights.total()
    for weight, told in ((TITLE, title), (HEADING, heading)):
        for each in told:
            weights[each] += weight
            length += 1
    counted = weights.values()
    most = counted if max(counted, default=0) <= _MOST else [min(count, _MOST) for count in counted]
    form = _form(len(weights))
    return length, form.pack(*weights, *most)


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


class _Dictionary(dict[str, int]):
    """The terms of words in one language, so that each word is cut to its stem once."""

    def __init__(self, language: str) -> None:
        self._language = language

    def __missing__(self, word: str) -> int:
        if len(self) >= _WORDS:
            self.clear()
        found = stem(word, self._language)
        self[word] = number = term(found) if found else _NOTHING
        return number


@cache
def _form(count: int) -> Struct:
    return Struct(f"<{count}Q{count}H")


@cache
def _dictionary(language: str) -> _Dictionary:
    return _Dictionary(language)
