"""Which of our languages a text is in, and the few sentences we say ourselves in each."""

import re
from typing import Final, Literal

Language = Literal["en", "de", "fr"]

LANGUAGE_NAMES: Final[dict[Language, str]] = {"en": "English", "de": "German", "fr": "French"}

_COMMON: Final[dict[Language, frozenset[str]]] = {
    "en": frozenset(
        """the is are a an of to in and for how what when where who which can do does my i we our much many with from
        it on at by be have has must should if may there or not will was this that would could need please""".split()
    ),
    "de": frozenset(
        """der die das ist sind ein eine einen einem einer und für wie was wann wo wer welche welcher kann darf muss
        ich wir mein meine unser unsere viel viele mit von vom zum zur auf bei den dem des im am es nicht oder wird
        haben hat gibt man wenn auch noch bitte soll sollte nach über aus an zu""".split()
    ),
    "fr": frozenset(
        """le la les est sont un une des et pour comment que quoi quand où qui quel quelle quels quelles puis peut dois
        je nous mon ma mes notre nos combien avec de du au aux sur dans en pas ou il elle on si ce cette faut à y
        l d j c n s qu""".split()
    ),
}

_WORD: Final = re.compile(r"[a-zà-öø-ÿœß]+")


def language_of(text: str, default: Language = "en") -> Language:
    """The language whose everyday words occur most often; `default` when none do."""
    words = _WORD.findall(text.lower())
    scores = {language: sum(word in common for word in words) for language, common in _COMMON.items()}
    best = max(scores, key=lambda language: scores[language])
    return best if scores[best] else default


REFUSAL: Final[dict[Language, str]] = {
    "en": "I found nothing in the documents you may read that answers this.",
    "de": "In den Dokumenten, die Sie lesen dürfen, habe ich darauf keine Antwort gefunden.",
    "fr": "Je n'ai rien trouvé qui réponde à cette question dans les documents que vous pouvez lire.",
}

LOOKED_AT: Final[dict[Language, str]] = {
    "en": "I looked at: {titles}.",
    "de": "Ich habe nachgesehen in: {titles}.",
    "fr": "J'ai consulté : {titles}.",
}

EXTRACT: Final[dict[Language, str]] = {
    "en": "No language model is running; these are the passages that fit best:",
    "de": "Es läuft kein Sprachmodell; diese Stellen passen am besten:",
    "fr": "Aucun modèle de langage n'est actif ; voici les passages les plus proches :",
}

SEARCHING: Final[dict[Language, str]] = {
    "en": "Searching the documents …",
    "de": "Ich durchsuche die Dokumente …",
    "fr": "Je cherche dans les documents …",
}

READING: Final[dict[Language, str]] = {
    "en": "Reading what I found …",
    "de": "Ich lese, was ich gefunden habe …",
    "fr": "Je lis ce que j'ai trouvé …",
}
