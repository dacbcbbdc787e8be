"""Weighs two kinds of evidence that a passage answers a question: nearness in meaning, and the words they share."""

WORDS_COUNT = 0.7  # how far words alone can go; anything from 0.6 to 0.9 does about as well (docs/decisions/0002)


def evidence(nearness: float, share: float) -> float:
    """Joins both kinds as independent witnesses: what one leaves open, the other may still settle.

    `nearness` is 0 for a pair of texts like any other and 1 for the same text, `share` the part of the question's rare
    words that is found. So the words decide about an exact name, which lies near nothing, and say nothing about a
    question in another language, of which they find next to none.
    """
    return 1 - (1 - nearness) * (1 - WORDS_COUNT * share)
