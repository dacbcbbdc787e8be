"""Files that admins send us to be documents: each is kept and taken in, or its sender is told why not."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from bot.events import Turn
from bot.files import MOST_FILES, Fetch, NotFetched, largest, line, reason_of, refused, shown_names, suffix
from bot.language import Language, language_of
from rag.errors import Unreadable
from rag.uploads import Taken

_WISH: Final = re.compile(r"(?P<collection>(?!for\b)\S+)?\s*(?:for\s+(?P<groups>\S.*))?", re.IGNORECASE)


class Shelf(Protocol):
    """The library, as far as handing in files needs it."""

    async def add(self, name: str, data: bytes, collection: str, groups: frozenset[str]) -> Taken:
        """Keeps a file and takes it in, in place of the one of that name. Raises Unreadable, LibraryError.

        Safe to call twice.
        """


@dataclass(frozen=True, slots=True)
class Wish:
    """Where files shall go, and who may read them there; no groups: everybody."""

    collection: str = "default"
    groups: frozenset[str] = frozenset()


def wish(text: str) -> Wish | None:
    """What `[COLLECTION] [for GROUP, …]` says; None where it is anything else, so that nothing turns public."""
    found = _WISH.fullmatch(text.strip())
    if not found:
        return None
    groups = frozenset(filter(None, (name.strip() for name in (found["groups"] or "").split(","))))
    return Wish(found["collection"] or "default", groups) if groups or not found["groups"] else None


async def take_in(turn: Turn, fetch: Fetch, shelf: Shelf) -> str:
    """Keeps the files of a turn, one after the other; what became of each, in Markdown. Raises LibraryError."""
    if (where := wish(turn.text)) is None:
        return SEND[language_of(turn.text)]
    told: list[str] = []
    for number, (file, name) in enumerate(zip(turn.files, shown_names(turn), strict=False)):
        if reason := "many" if number >= MOST_FILES else refused(file, largest(turn)):
            told.append(line(reason, name, turn))
            continue
        try:
            named = name if Path(name).suffix.lower() == suffix(file) else f"{name}{suffix(file)}"
            taken = await shelf.add(named, await fetch(file, turn), where.collection, where.groups)
        except NotFetched as refusal:
            told.append(line(refusal.reason, name, turn))
        except Unreadable as error:
            reason = reason_of(error.reason)
            told.append(line(reason, name, turn) if reason != "broken" else f"{name}: {error.reason}")
        else:
            told.append(_said(taken, name, language_of(turn.text)))
    return "\n".join(f"- {each}" for each in told)


def _said(taken: Taken, name: str, language: Language) -> str:
    """What became of a file that was taken in."""
    readers = ", ".join(f"`{group}`" for group in sorted(taken.readers)) or EVERYBODY[language]
    count = f"{taken.characters:,}".replace(",", " ")
    told = TAKEN[language].format(name=name, doc_id=taken.doc_id, readers=readers, characters=count)
    more = [REPLACED[language]] if taken.replaced else []
    more += [REMARK[language].format(remark=taken.remark)] if taken.remark else []
    return " ".join([told, *more])


SEND: Final[dict[Language, str]] = {
    "en": "Send me the files in the same message, with the words `add-doc`, `add-doc COLLECTION` or "
    "`add-doc COLLECTION for GROUP, GROUP`. Without groups everybody may read them.",
    "de": "Senden Sie mir die Dateien in derselben Nachricht, mit den Worten `add-doc`, `add-doc SAMMLUNG` oder "
    "`add-doc SAMMLUNG for GRUPPE, GRUPPE`. Ohne Gruppen dürfen alle sie lesen.",
    "fr": "Envoyez-moi les fichiers dans le même message, avec les mots `add-doc`, `add-doc COLLECTION` ou `add-doc "
    "COLLECTION for GROUPE, GROUPE`. Sans groupes, tout le monde peut les lire.",
}
EVERYBODY: Final[dict[Language, str]] = {"en": "everybody", "de": "alle", "fr": "tout le monde"}
TAKEN: Final[dict[Language, str]] = {
    "en": "{name}: taken in as `{doc_id}`, {characters} characters, for {readers}.",
    "de": "{name}: aufgenommen als `{doc_id}`, {characters} Zeichen, für {readers}.",
    "fr": "{name} : pris en compte sous le nom `{doc_id}`, {characters} caractères, pour {readers}.",
}
REPLACED: Final[dict[Language, str]] = {
    "en": "It takes the place of the one before.",
    "de": "Es ersetzt das bisherige.",
    "fr": "Il remplace le précédent.",
}
REMARK: Final[dict[Language, str]] = {
    "en": "Not all of it could be read: {remark}.",
    "de": "Nicht alles war lesbar: {remark}.",
    "fr": "Tout n'a pas pu être lu : {remark}.",
}
