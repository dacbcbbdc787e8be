"""Spoils JSON in the ways in which payloads go wrong: seeded, so that what broke us can be sent again."""

import copy
import random
from collections.abc import Iterator
from typing import Any, Final

# What may stand in place of any value.
STRANGE: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1e308, float("nan"), float("inf"), 10**30, "", " ", "null", "-1", "NaN", "1e9", "\0",
    "\ud800", "a\udfffb", "\u202e\u200b", "9" * 400, "x" * 60_000, "<@U0GEIST>" * 300, "<!channel>", "🦉" * 40, [], {},
    [None], [[[[[]]]]], {"": {"": {"": []}}}, {"type": []}, [{"type": {}, "ts": [], "user": 1}] * 3,
)  # fmt: skip
DEEP: Final = frozenset({"blocks", "attachments"})  # of which samples hold more than of all else


def mutated(payload: dict[str, Any], seed: str) -> dict[str, Any]:
    """A copy with one to three things wrong in it; one seed, one copy."""
    chance = random.Random(seed)
    spoiled = copy.deepcopy(payload)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = list(_places(spoiled, chance.random() < 0.1))
        if not places:
            break
        holder, key = chance.choice(places)
        _spoil(holder, key, chance)
    return spoiled


def _places(value: Any, deep: bool) -> Iterator[tuple[Any, Any]]:
    """Everything within, as its holder and its key there."""
    keys = list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield value, key
        if deep or key not in DEEP:
            yield from _places(value[key], deep)


def _spoil(holder: Any, key: Any, chance: random.Random) -> None:
    match chance.choice(("drop", "null", "strange", "strange", "strange", "number", "wrap", "twice", "grow")):
        case "drop":
            del holder[key]
        case "null":
            holder[key] = None
        case "strange":
            holder[key] = copy.deepcopy(chance.choice(STRANGE))
        case "number":
            holder[key] = chance.choice((-1, 0, 3.5, 2**63, 1767603600.0001))
        case "wrap":
            holder[key] = chance.choice(([holder[key]], {"value": holder[key]}))
        case "twice":
            holder[key] = [copy.deepcopy(holder[key]) for _ in range(chance.choice((2, 60)))]
        case _:
            holder[key] = str(holder[key])[:200] * 20
