"""How much of what is said stands in a passage, by its words and numbers; knows nothing of meaning."""

import re
from collections.abc import Sequence
from typing import Final

from rag.passages import Passage

_WORD: Final = re.compile(r"\d+(?:[.,:'’]\d+)*|\w{4,}")
STEM: Final = 5  # letters that inflected forms share
LEAST_WORDS: Final = 4  # a shorter sentence is not judged by its words


def support(sentence: str, passage: Passage) -> int:
    """How much of a sentence a passage holds: two for each number in it, one for each longer word."""
    held = set(_WORD.findall(passage.context.lower()))
    return sum(2 if word[0].isdigit() else 1 for word in set(_WORD.findall(sentence.lower())) if word in held)


def best_support(sentence: str, passages: Sequence[Passage]) -> Passage:
    """The passage that holds most of a sentence."""
    return max(passages, key=lambda passage: support(sentence, passage))


def share(sentence: str, held: frozenset[str]) -> float:
    """How many of a sentence's longer words are `held`, given as `stems`, from 0 to 1; 1 where it is short."""
    said = stems(sentence)
    return len(said & held) / len(said) if len(said) >= LEAST_WORDS else 1.0


def stems(text: str) -> frozenset[str]:
    """The beginnings of the longer words in a text, numbers left out."""
    return frozenset(word[:STEM] for word in _WORD.findall(text.lower()) if not word[0].isdigit())
