"""Whether a text that nobody put to us asks something at all; decided cheaply, for every line of a channel."""

import re
from typing import Final

FEWEST_WORDS: Final = 3
MOST_CHARACTERS: Final = 1000

_ASKS: Final = re.compile(r"\?(\s|$|[)\"'»”!?])")
_STATES: Final = re.compile(r"[.!…:;]\s*\Z")  # "When I was young …" begins like a question and ends like none
_BEGINS: Final = re.compile(
    r"\W*(?:(?:hi|hello|hey|hallo|guten (?:tag|morgen)|bonjour|salut)\b[\s,!.:]*)?(?:"
    r"who|what|when|where|which|why|how|does any|do we|does|can i|can we|can (?:some|any)one"
    r"|could (?:you|someone|anyone)|may i|is there|are there"
    r"|wer|was|wann|wo|wohin|welche[rsnm]?|warum|wieso|wie|weiß jemand|kann (?:mir )?jemand|gibt es|darf ich|kann ich"
    r"|können wir"
    r"|qui|que|quand|où|quel(?:le)?s?|pourquoi|comment|combien|est-ce que|qu'est-ce|quelqu'un sait|y a-t-il|puis-je"
    r"|peut-on"
    r")\b",
    re.IGNORECASE,
)
_EMOJI: Final = re.compile(r":[a-z0-9_+-]+:")
_THANKS: Final = frozenset(
    "thanks thank you thx so very much a lot many ok okay cool nice great super perfect top noted cheers got it ah oh "
    "danke dank dir ihnen vielen schön gut klar alles verstanden perfekt "
    "merci beaucoup mille parfait compris d'accord".split()
)


def only_thanks(text: str) -> bool:
    """Whether it is but a word of thanks or consent, which wants no answer."""
    said = _EMOJI.sub(" ", text.lower())
    return not re.search(r"[?\d]", said) and _THANKS.issuperset(re.findall(r"[^\W_]+(?:['’][^\W_]+)?", said))


def asks(text: str) -> bool:
    """Whether it reads like a question to whoever knows: with a question mark, or begun as questions are."""
    if len(text) > MOST_CHARACTERS or len(text.split()) < FEWEST_WORDS:
        return False
    return bool(_ASKS.search(text) or (_BEGINS.match(text) and not _STATES.search(text)))
