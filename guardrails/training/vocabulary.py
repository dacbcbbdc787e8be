"""The part of the teacher's vocabulary that English, German, French and names need, and the tokenizer over it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

LINE_END: Final = "▁⏎"
"""Stands for the end of a line, which the teacher does not see: forms are read by their lines."""
PAD: Final = 0
UNKNOWN: Final = 1
_SPECIAL: Final = ("<pad>", "<unk>", "<s>")
_SCORE_OF_LINE_END: Final = -5.0


def tokenizer(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """A unigram tokenizer whose ids are the places in `pieces`; its offsets are those of the text as given."""
    made = Tokenizer(models.Unigram(list(pieces), unk_id=UNKNOWN, byte_fallback=False))
    made.normalizer = normalizers.Sequence(
        [
            normalizers.NFKC(),
            normalizers.Replace("\n", " ⏎ "),
            normalizers.Replace(Regex(r"\s{2,}"), " "),
            normalizers.Strip(),
        ]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always", split=True)
    return made


def whole(pieces: Sequence[str], scores: Sequence[float]) -> list[tuple[str, float]]:
    """All of the teacher's pieces, our special ones first."""
    ordinary = [(piece, float(score)) for piece, score in zip(pieces[4:], scores[4:], strict=True)]
    return [*((piece, 0.0) for piece in _SPECIAL), (LINE_END, _SCORE_OF_LINE_END), *ordinary]


def pruned(everything: Sequence[tuple[str, float]], texts: Iterable[tuple[str, float]], most: int) -> list[int]:
    """The ids in `everything` worth keeping for `texts`, each with its weight: single letters, then the most used."""
    full, counts = tokenizer(everything), Counter[int]()
    batch = list(texts)
    for found, (_, weight) in zip(full.encode_batch_fast([text for text, _ in batch]), batch, strict=True):
        for piece in found.ids:
            counts[piece] += weight  # type: ignore[assignment]  # weights are fractions
    first = [number for number, (piece, _) in enumerate(everything) if number <= len(_SPECIAL) or _is_letter(piece)]
    rest = [number for number, _ in counts.most_common() if number not in set(first)]
    return sorted([*first, *rest[: most - len(first)]])


def _is_letter(piece: str) -> bool:
    bare = piece.removeprefix("▁")
    return len(bare) <= 1 and (
        not bare or bare < "\u0250" or "\u1e00" <= bare < "\u1f00" or "\u2010" <= bare < "\u2040" or bare == "€"
    )
