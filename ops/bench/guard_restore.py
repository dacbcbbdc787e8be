"""Masks random texts, cuts what comes out at random places, restores it: the same, and nothing of others."""

import random
from collections.abc import Callable, Sequence
from typing import Final

from guardrails.masking import Restorer, Span, Vault, hide
from ops.bench.figures import Figure

COUNT: Final = 10_000
_ODD: Final = [
    "<PERSON_1>",
    "<",
    "<EMAIL_ADDRESS_",
    "<PERSON_1",
    "\u200b",
    "\ud800",
    "ﬁ",
    "İ",
    "\n",
    "> ",
    "<<PERSON_2>>",
    "&lt;",
    "日本",
    "🙂",
    "`<X_1>`",
]


def run(texts: Sequence[str], find: Callable[[str], list[Span]]) -> list[Figure]:
    """Both figures of Shows 5, from pieces of real texts put together at random with what looks like placeholders."""
    rng = random.Random(7)  # noqa: S311
    other = Vault()
    foreign = {
        other.placeholder(kind, f"{kind} of another conversation {n}")
        for kind in ("PERSON", "EMAIL_ADDRESS")
        for n in range(50)
    }
    wrong = leaked = 0
    for _ in range(COUNT):
        text = _random(texts, rng)
        vault = Vault()
        masked = hide(text, find(text), vault)
        wrong += _streamed(masked, vault, rng) != text
        stray = f"{masked} {rng.choice(sorted(foreign))}"
        leaked += "of another conversation" in _streamed(stray, vault, rng)
    return [
        Figure("restored-otherwise", wrong / COUNT, COUNT, 0.0, most=True),
        Figure("restored-of-others", leaked / COUNT, COUNT, 0.0, most=True),
    ]


def _random(texts: Sequence[str], rng: random.Random) -> str:
    parts = []
    for _ in range(rng.randrange(1, 4)):
        text = rng.choice(texts)
        start = rng.randrange(len(text))
        parts += [text[start : start + rng.randrange(10, 120)], rng.choice(_ODD) if rng.random() < 0.3 else " "]
    return "".join(parts)


def _streamed(masked: str, vault: Vault, rng: random.Random) -> str:
    """Restores the text as it comes in pieces of any length."""
    restorer, shown, at = Restorer(vault), "", 0
    while at < len(masked):
        end = at + rng.choice((1, 1, 2, 3, 5, 8, 40))
        shown += restorer.feed(masked[at:end])
        at = end
    return shown + restorer.end()
