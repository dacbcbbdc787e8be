"""Names of people and street addresses in English, German and French, found by a small token classifier of our own.

What it is and how it was made: `guardrails/names/README.md`.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime
from tokenizers import Tokenizer

from guardrails.masking import Span

FOLDER: Final = Path(__file__).parent / "names"
KINDS: Final = ("PERSON", "STREET_ADDRESS", "LOCATION", "ORGANIZATION")
LEAST: Final = {"PERSON": 0.5, "STREET_ADDRESS": 0.4, "LOCATION": 0.5, "ORGANIZATION": 0.5}
"""The probability from which a word is taken; a number beside a street is less sure than a name."""
BESIDE: Final = 0.15
"""The probability that is enough for a word beside a sure part of a name."""
LONGEST: Final = 300  # characters that are read at once
_TOKENS: Final = 200
_FIRST: Final = 2  # the id that opens a text

TITLED: Final = 0.6
_TITLED: Final = re.compile(
    r"(?<![\w.])(?:Herrn?|Frau|Mrs?|Ms|Miss|Dr|Prof|Mme|Mlle|Madame|Monsieur|Signora?|(?<!\d )M(?=\.))\.? "
    r"((?:(?:de|du|la|le|von|van|der|den|zu|di|del|d['’]) ?){0,3}[A-ZÀ-Þ][\w’'-]+)"
)
_UNIT_END: Final = re.compile(r"(?<=[.!?…])[\"”»)]*\s+(?=\S)|\n+")
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


class NameModel:
    """The classifier; not for two threads at once."""

    def __init__(self, cache: int = 4096) -> None:
        """Loads the weights, a tenth of a second; `cache` texts are remembered, by their digest only."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(FOLDER / "names.onnx", options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
        self._seen: OrderedDict[bytes, tuple[Span, ...]] = OrderedDict()
        self._most = cache

    def spans(self, text: str) -> list[Span]:
        """Names and addresses in `text`, in code points; a part of a name is found wherever it stands again."""
        found = [
            Span(span.start + start, span.end + start, span.type, span.score)
            for start, end in _units(text)
            for span in self._remembered(text[start:end])
        ]
        return [*found, *_titled(text, found), *_repeated(text, found)]

    def _remembered(self, unit: str) -> tuple[Span, ...]:
        if not may_name(unit):
            return ()
        key = blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key in self._seen:
            self._seen.move_to_end(key)
            return self._seen[key]
        found = self._seen[key] = tuple(self._classify(unit))
        if len(self._seen) > self._most:
            self._seen.popitem(last=False)
        return found

    def _classify(self, unit: str) -> Iterator[Span]:
        encoded = self._tokenizer.encode(unit)
        chances = np.zeros((len(unit), len(KINDS)), np.float32)
        for start in range(0, len(encoded.ids), _TOKENS):
            ids = np.array([[_FIRST, *encoded.ids[start : start + _TOKENS]]], np.int64)
            (labels,) = self._session.run(None, {"ids": ids})
            _spread(labels[0, 1:], encoded.offsets[start : start + _TOKENS], chances)
        yield from _joined(unit, chances)


def _titled(text: str, found: list[Span]) -> Iterator[Span]:
    """Names behind a title, which the model may take for something else: `Mme de la Tour`."""
    for match in _TITLED.finditer(text):
        if not any(span.start <= match.start(1) and match.end(1) <= span.end for span in found):
            yield Span(match.start(1), match.end(1), "PERSON", TITLED)


def _repeated(text: str, found: list[Span]) -> Iterator[Span]:
    """Where longer words of names stand again, written the same: `Keller` after `Anna Keller`."""
    names = [span for span in found if span.type == "PERSON"]
    words = {word for span in names for word in _WORD.findall(text[span.start : span.end]) if _is_telling(word)}
    if not words:
        return
    for match in _WORD.finditer(text):
        if match[0] in words and not any(span.start <= match.start() < span.end for span in found):
            yield Span(match.start(), match.end(), "PERSON", TITLED)


def _is_telling(word: str) -> bool:
    return len(word) > 3 and word[0].isupper() and word.lower() not in _ordinary()[0]


def _spread(labels: npt.NDArray[np.float32], offsets: list[tuple[int, int]], chances: npt.NDArray[np.float32]) -> None:
    """Gives the letters of each token its chance for each kind, beginning and inside together."""
    kinds = labels[:, 1::2] + labels[:, 2::2]
    for (start, end), kind in zip(offsets, kinds, strict=True):
        chances[start:end] = kind


def _joined(unit: str, chances: npt.NDArray[np.float32]) -> Iterator[Span]:
    """Words of one kind that follow one another, as spans with their best chance."""
    words = [match.span() for match in _WORD.finditer(unit)]
    sums = [chances[start:end].max(axis=0) for start, end in words]
    kinds = _drawn_in(unit, words, [_kind(chance) for chance in sums], sums)
    start = end = -1
    held, best = "", 0.0
    for (first, last), kind, chance in zip(words, kinds, sums, strict=True):
        if held and (kind != held or not _continues(unit[end:first], held)):
            yield Span(start, end, held, round(best, 2))
            held = ""
        if kind:
            sure = float(chance[KINDS.index(kind)])
            start, best = (start, max(best, sure)) if held else (first, sure)
            end, held = last, kind
    if held:
        yield Span(start, end, held, round(best, 2))


def _drawn_in(
    unit: str, words: list[tuple[int, int]], kinds: list[str], sums: list[npt.NDArray[np.float32]]
) -> list[str]:
    """The kinds of the words, with those that are less sure beside a sure part of the same name."""
    for one in (*range(1, len(words)), *range(len(words) - 2, -1, -1)):
        for other in (one - 1, one + 1):
            if kinds[one] or not 0 <= other < len(words) or kinds[other] != "PERSON":
                continue
            left, right = sorted((one, other))
            if unit[words[left][1] : words[right][0]] in (" ", "-") and sums[one][0] >= BESIDE:
                kinds[one] = "PERSON"
    return kinds


def _kind(sums: npt.NDArray[np.float32]) -> str:
    """The kind of a word, "" for none: a part of it is enough."""
    best = int(sums.argmax())
    return KINDS[best] if sums[best] >= LEAST[KINDS[best]] else ""


def _continues(gap: str, kind: str) -> bool:
    """Whether what stands between two words lets a name or an address go on."""
    if kind == "STREET_ADDRESS":
        return len(gap) < 9 and not re.search(r"[!?:;|]", gap)
    return len(gap) < 4 and "\n" not in gap and not re.search(r"[!?:;|/()]", gap) and gap != ", "


def _units(text: str) -> Iterator[tuple[int, int]]:
    """Sentences and lines, short ones together, long ones cut at a blank."""
    start = end = 0
    for stop in [*(match.end() for match in _UNIT_END.finditer(text)), len(text)]:
        if stop - start > LONGEST and end > start:
            yield start, end
            start = end
        while stop - start > LONGEST:
            cut = text.rfind(" ", start + LONGEST // 2, start + LONGEST) + 1 or start + LONGEST
            yield start, cut
            start = cut
        end = stop
        if end - start > LONGEST // 3:
            yield start, end
            start = end
    if start < len(text):
        yield start, len(text)


def may_name(text: str) -> bool:
    """Whether a word stands in `text` that is not an ordinary one, and so may be a name or belong to an address."""
    ordinary, also_names = _ordinary()
    for word in _WORD.findall(text):
        folded = word.lower()
        if (folded not in ordinary and not word.isdigit()) or (word != folded and folded in also_names):
            return True
    return False


@cache
def _ordinary() -> tuple[frozenset[str], frozenset[str]]:
    """Ordinary words of the three languages, and those of them that are names when they begin with a capital."""
    words = (FOLDER / "ordinary.txt").read_text().split()
    return frozenset(word.lower() for word in words), frozenset(word.lower() for word in words if word[0].isupper())
