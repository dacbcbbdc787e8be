"""Words as the index knows them: lower case, without accents, cut to their stems in English, German and French."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import cache

import Stemmer

_LINK = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s[^()]*)?\)")
_LANGUAGES = {
    "english": "the of and to in is that for it with as on be this are by an you your we from or can will at have",
    "german": "der die das und ist von zu den mit sie auf für im ein eine nicht sich des dem werden oder wird wie bei",
    "french": "le la les de des et est un une pour dans vous que en du sur par avec votre au ou qui pas être ce il",
}
_COMMON = {word: language for language, words in _LANGUAGES.items() for word in words.split()}
_COMMON_WORDS = frozenset(_COMMON)
_ASCII = {code: chr(code).lower() if chr(code).isalnum() or chr(code) == "_" else " " for code in range(128)}
_WORD = re.compile(r"\w+")


def plain(text: str) -> str:
    """Drops link targets, which say little and weigh much; what was linked stays."""
    return _LINK.sub(_linked, text) if "](" in text else text


def _linked(match: re.Match[str]) -> str:
    return match[1]


def printable(text: str) -> str:
    """Drops characters of control and format, which pretend to be what they are not; each blank becomes a plain one."""
    told = (" " if letter.isspace() else letter for letter in text.encode("utf-8", "replace").decode())
    return "".join(letter for letter in told if letter.isprintable())


def words(text: str) -> list[str]:
    """Returns the words of a text in order; `snake_case` counts whole and in its parts."""
    if text.isascii():  # three times as fast
        found = text.translate(_ASCII).split()
    else:
        found = _WORD.findall(unicodedata.normalize("NFKC", text).casefold())
    if "_" not in text:
        return found
    return [part for word in found for part in (word, *(filter(None, word.split("_")) if "_" in word else ()))]


def language(text: str, otherwise: str = "english") -> str:
    """Tells the language by its commonest little words."""
    return language_of(words(text)) or otherwise


def language_of(said: Iterable[str]) -> str:
    """Tells the language of some words by how many of its commonest little words are among them; "" if none is."""
    found = Counter(map(_COMMON.__getitem__, _COMMON_WORDS.intersection(said)))
    return found.most_common(1)[0][0] if found else ""


def stems(text: str, language: str) -> list[str]:
    """Returns the stem of each word of a text in a known language."""
    return [bare for stem in _stemmer(language).stemWords(words(text)) if (bare := _bare(stem))]


def stem(word: str, language: str) -> str:
    """Returns the stem of one word, "" where nothing is left of it."""
    return _bare(_stemmer(language).stemWord(word))


def query_stems(text: str) -> list[frozenset[str]]:
    """Returns, for each distinct word of a question, its stems in every language: the index may hold any of them."""
    found = (frozenset(stem for each in _LANGUAGES for stem in stems(word, each)[:1]) for word in words(text))
    return list(dict.fromkeys(group for group in found if group))


def _bare(word: str) -> str:
    if word.isascii():
        return word
    return "".join(letter for letter in unicodedata.normalize("NFKD", word) if not unicodedata.combining(letter))


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(language)
