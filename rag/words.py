"""Words as the index knows them: lower case, without accents, cut to their stems in English, German and French."""

import re
import unicodedata
from collections import Counter
from functools import cache

import Stemmer

_LINK = re.compile(r"!?\[([^\]\[]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s[^()]*)?\)")
_LANGUAGES = {
    "english": "the of and to in is that for it with as on be this are by an you your we from or can will at have",
    "german": "der die das und ist von zu den mit sie auf für im ein eine nicht sich des dem werden oder wird wie bei",
    "french": "le la les de des et est un une pour dans vous que en du sur par avec votre au ou qui pas être ce il",
}
_COMMON = {word: language for language, words in _LANGUAGES.items() for word in words.split()}


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
    found = []
    for word in re.findall(r"\w+", unicodedata.normalize("NFKC", text).casefold()):
        found.append(word)
        if "_" in word:
            found.extend(part for part in word.split("_") if part)
    return found


def language(text: str, otherwise: str = "english") -> str:
    """Tells the language by its commonest little words."""
    counts = Counter(_COMMON[word] for word in words(text) if word in _COMMON)
    return counts.most_common(1)[0][0] if counts else otherwise


def stems(text: str, language: str) -> list[str]:
    """Returns the stem of each word of a text in a known language."""
    return [bare for stem in _stemmer(language).stemWords(words(text)) if (bare := _bare(stem))]


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
