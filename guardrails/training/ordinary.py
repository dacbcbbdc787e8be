"""Writes the ordinary words of the three languages, which alone never make a name: `python -m guardrails.training.ordinary`."""

import random
from pathlib import Path
from typing import Final

from wordfreq import top_n_list

from guardrails.training import pools

MOST: Final = 16_000  # words of each language
COMMON: Final = 700  # so frequent that in lower case they are no name, though some are called like it; given names less
COMMON_GIVEN: Final = 120
STREETS: Final = frozenset(
    "street st road rd avenue ave lane drive court square boulevard blvd way place terrace box suite apt unit po"
    " strasse straße str gasse weg allee platz ring ufer postfach rue bd chemin ch route rte quai impasse passage cours case via"
    " viale piazza highway hwy parkway crescent close row hill gardens".split()
)
OUT: Final = Path(__file__).parent.parent / "names" / "ordinary.txt"


def main() -> None:
    """One word a line; with a capital those that are names as well."""
    pool = pools.pools(random.Random(7))
    given = {name.lower() for name in pool.given}
    names = given | {name.lower() for name in pool.surnames}
    words: dict[str, str] = {}
    for language in ("en", "de", "fr"):
        for rank, word in enumerate(top_n_list(language, MOST)):
            least = COMMON_GIVEN if word in given else COMMON if word in names else MOST
            if not word.isalpha() or word in STREETS or rank > least:
                continue
            words[word] = word.capitalize() if word in names else word
    OUT.write_text("\n".join(sorted(words.values())) + "\n")


if __name__ == "__main__":
    main()
