"""A draft begins with Yes or No, whether a passage states the answer; how sure that is decides, and nobody reads it."""

import math
import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Final

from bot.prompt import NO_ANSWER

# Log odds of Yes over No below which there is no answer: those at which the 1.5B model is right most often, in the
# harmonic mean of answered and refused, on 476 questions of XQuAD and the sample company (decision 0010).
SURE: Final = 0.4

LONGEST: Final = len("Yes.")  # signs of a verdict: behind as many it is seen how it ends
_YES: Final = re.compile(r"\s*yes(?:[.:]|(?=\s|$))\s*", re.IGNORECASE)
_NO: Final = re.compile(r"\s*no\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a draft; `odds` are the log odds of Yes over No in place of its first token, where that is known."""

    text: str
    odds: float | None = None


async def answer_of(draft: AsyncIterator[Piece]) -> AsyncGenerator[str, None]:
    """The draft without its verdict; where that is No, `NO ANSWER` at once, and the rest is not waited for."""
    head, begun = "", False
    async for piece in draft:
        if begun:
            yield piece.text
            continue
        unsure = not head and piece.odds is not None and piece.odds < SURE
        head += piece.text
        if unsure or (_NO.match(head) and len(head.strip()) > LONGEST):
            yield NO_ANSWER
            return
        if len(head.strip()) > LONGEST:
            begun = True
            yield _YES.sub("", head, count=1) if _YES.match(head) else head
    if not begun:
        yield NO_ANSWER if _NO.match(head) else _YES.sub("", head)


def odds_of(likely: Iterable[tuple[str, float]]) -> float | None:
    """The log odds of Yes over No among the likeliest tokens and their log probabilities; None if neither is there.

    One that is not among them is at most as likely as the least likely that is.
    """
    chances = {"yes": 0.0, "no": 0.0}
    least = 1.0
    for token, logarithm in likely:
        chance = math.exp(logarithm)
        least = min(least, chance)
        if (word := token.strip().lower()) in chances:
            chances[word] += chance
    if not any(chances.values()):
        return None
    return math.log(chances["yes"] or least) - math.log(chances["no"] or least)
