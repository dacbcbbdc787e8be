"""How many tokens a text may be, without the model's tokenizer: rather too many than too few."""

import re
from typing import Final

SHORT_WORD: Final = 4
LETTERS_PER_TOKEN: Final = 3

# A word goes with the space before it, capitals stand for themselves, and so does all that is neither word nor space.
_PART: Final = re.compile(r" ?[A-Za-z][a-z]*| {1,16}|\s|[^A-Za-z\s]")
_SENTENCE: Final = re.compile(r".*(?:[.!?…](?=\s)|(?=\n))", re.DOTALL)


def estimate(text: str) -> int:
    """The tokens that the byte-level tokenizers of today's models make of a text, or more."""
    return sum(map(_weight, _PART.findall(text)))


def cut(text: str, tokens: int) -> str:
    """The beginning of a text that is not estimated at more: whole sentences, or whole words of a long one."""
    end = 0
    for part in _PART.finditer(text):
        tokens -= _weight(part[0])
        if tokens < 0:
            return _whole(text[:end])
        end = part.end()
    return text


def _weight(part: str) -> int:
    letters = len(part.strip()) if part.isascii() else 0
    if letters > 1:
        return 1 + max(0, -(-(letters - SHORT_WORD) // LETTERS_PER_TOKEN))
    return 1 + (part > "\u07ff") + (part > "\uffff")


def _whole(begin: str) -> str:
    sentences = _SENTENCE.match(begin)
    if sentences and sentences.end() > len(begin) // 2:
        return sentences[0]
    return begin.rpartition(" ")[0]
