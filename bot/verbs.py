"""The words that command us, the same in every chat: which there are, which are to come, which was meant."""

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final, Literal

from bot.language import Language
from bot.notices import MEANT, NOT_YET, ONE_WORD, OR, UNKNOWN_WORD

HERE: Final = ("help", "ask", "stop", "reset", "enable", "disable", "forget-me", "export-me", "add-doc", "delete-doc")
ERRANDS: Final = ("forget-me", "export-me", "add-doc", "delete-doc")  # take longer than a platform waits
LATER: Final = (
    "templates tips limits privacy private why status pause resume reindex quota audit feedback eval rollout rollback"
).split()


@dataclass(frozen=True, slots=True)
class Said:
    """What a text says to us: a command and what belongs to it, a question, or a `word` that is neither.

    An `errand` is a command, named by the first word of `text`.
    """

    verb: Literal["help", "stop", "reset", "enable", "disable", "errand", "ask", "word"]
    text: str = ""


def said(text: str) -> Said:
    """What a text says; one that begins with no command is a question."""
    word, _, rest = text.partition(" ")
    verb, rest = word.lower(), rest.strip()
    match verb:
        case "" | "help":
            return Said("help", rest)
        case "stop" | "reset" if not rest:
            return Said("stop" if verb == "stop" else "reset")
        case "enable" | "disable" if _orders(verb, rest):
            return Said("enable" if verb == "enable" else "disable", rest)
        case errand if errand in ERRANDS and (errand == "add-doc" or bool(rest) == (errand == "delete-doc")):
            return Said("errand", f"{errand} {rest}".strip())
    if " " not in text:
        return Said("word", verb)
    return Said("ask", rest if verb == "ask" else text)


def nearest(word: str, closeness: float = 0.5) -> list[str]:
    """The commands that a mistyped word may have meant."""
    return get_close_matches(word, HERE, 3, closeness)


def offered(word: str, command: str = "{verb}", language: Language = "en") -> str:
    """What we say to a single word that is no command; `command` shows how one is written."""
    if word in LATER:
        return NOT_YET[language].format(word=word)
    near = [f"`{command.format(verb=verb)}`" for verb in nearest(word)]
    meant = MEANT[language].format(verbs=f" {OR[language]} ".join(near)) if near else ONE_WORD[language]
    return f"{UNKNOWN_WORD[language].format(word=word[:40])} {meant}".replace("<", "&lt;")


def _orders(verb: str, rest: str) -> bool:
    """Whether the words after `enable` or `disable` belong to it; else somebody asks how to enable something."""
    word, *more = rest.lower().split() or [""]
    return not rest or (verb == "enable" and (not more or word in {"scope", "persona"}))
