"""Reads the files that came with a question: passages of their text, and a line for each that was not wholly read."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, count, zip_longest
from pathlib import Path
from typing import Final, Literal

from bot.events import File, Turn
from bot.language import Language, language_of
from rag.errors import Unreadable
from rag.parsing.attachments import CHARACTERS, Found, best_pieces
from rag.parsing.parse import TYPES
from rag.passages import OWN_FILE, Passage
from rag.words import printable

LARGEST: Final = 5 * 2**20  # bytes of a file that comes with a question,
LARGEST_KEPT: Final = 25 * 2**20  # and of one that is to be a document
MOST_FILES: Final = 5
MOST_LINES: Final = 20  # files of one question that are spoken of at all
MOST_PASSAGES: Final = 6
SECONDS: Final = 20.0  # for all files of a question
NAME: Final = 80  # characters of a file's name

Reason = Literal[
    "image", "archive", "unsupported", "large", "many", "encrypted", "empty", "scan", "broken", "slow",
    "scope", "gone", "external", "elsewhere", "unreachable", "cut",
]  # fmt: skip
Fetch = Callable[[File, Turn], Awaitable[bytes]]


class NotFetched(Exception):
    """A file could not be had from its platform.

    `scope`: we may not; `gone`; `external`: it lies with somebody else; `elsewhere`: it belongs to another
    organisation; `large`; `unreachable`: not now.
    """

    def __init__(self, reason: Literal["scope", "gone", "external", "elsewhere", "large", "unreachable"]) -> None:
        super().__init__(f"a file was not fetched: {reason}")
        self.reason: Reason = reason


def largest(turn: Turn) -> int:
    """How many bytes a file that came with this turn may have."""
    return LARGEST_KEPT if turn.errand else LARGEST


async def read(turn: Turn, fetch: Fetch, seconds: float = SECONDS) -> tuple[tuple[Passage, ...], tuple[str, ...]]:
    """The passages of the turn's files that fit its question best, and what to say about the files."""
    reading = _Reading(turn, fetch)
    names = shown_names(turn)
    try:
        async with asyncio.timeout(seconds):
            for number, file in enumerate(turn.files[:MOST_LINES]):
                reading.name = names[number]
                await reading.take(file, too_many=number >= MOST_FILES)
    except TimeoutError:
        for name in names[names.index(reading.name) :]:
            reading.note("slow", name)
    return tuple(reading.best())[:MOST_PASSAGES], tuple(reading.notices)


@dataclass(slots=True)
class _Reading:
    """The files of one question, one after the other."""

    turn: Turn
    fetch: Fetch
    name: str = ""  # of the file that is being read, as it is shown
    notices: list[str] = field(default_factory=list)
    _found: list[list[Passage]] = field(default_factory=list)

    async def take(self, file: File, *, too_many: bool) -> None:
        """Reads one more file, or notes why not."""
        if reason := "many" if too_many else refused(file, LARGEST):
            self.note(reason, self.name)
            return
        try:
            found = await _pieces(await self.fetch(file, self.turn), suffix(file), self.turn.text)
        except NotFetched as refusal:
            self.note(refusal.reason, self.name)
        except Unreadable as error:
            self.note(reason_of(error.reason), self.name)
        except OSError:  # no room for the copy, no process to be had
            self.note("broken", self.name)
        else:
            self._keep(found)

    def note(self, reason: Reason, name: str) -> None:
        """Adds a line about a file."""
        self.notices.append(line(reason, name, self.turn))

    def best(self) -> Iterator[Passage]:
        """The best passage of each file, then the second best of each, and so on."""
        for row in zip_longest(*self._found):
            yield from (passage for passage in row if passage)

    def _keep(self, found: Found) -> None:
        doc_id = f"{OWN_FILE}{self.name}"
        self._found.append(
            [Passage(f"{doc_id}#{it.place}", doc_id, self.name, it.heading, it.text) for it in found.pieces]
        )
        if found.cut:
            self.note("cut", self.name)


async def _pieces(data: bytes, suffix: str, question: str) -> Found:
    """Has the file's text read, from a copy that only we can read and that is gone afterwards. Raises Unreadable."""
    if len(data) > LARGEST:
        raise Unreadable("large")
    with tempfile.TemporaryDirectory(prefix="hg") as folder:
        path = Path(folder) / f"file{suffix}"
        await asyncio.to_thread(_write, path, data)
        return await best_pieces(path, question, MOST_PASSAGES)


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
        copy.write(data)


def line(reason: Reason, name: str, turn: Turn) -> str:
    """What is said of a file that was not wholly read."""
    limits = {"mb": largest(turn) // 2**20, "most": MOST_FILES, "characters": CHARACTERS}
    return _SAID[reason][language_of(turn.text)].format(name=name, **limits)


def refused(file: File, most: int) -> Reason | None:
    """Why a file is not even fetched; one of which only the name is known is, for its platform knows more."""
    ending = Path(file.name).suffix.lower()
    if file.size > most:
        return "large"
    if suffix(file) in TYPES or not (ending or file.kind):
        return None
    if ending in _IMAGES or file.kind.startswith("image/"):
        return "image"
    return "archive" if ending in _ARCHIVES or file.kind.endswith(("/zip", "/gzip", "x-tar")) else "unsupported"


def suffix(file: File) -> str:
    """The ending by which the parser knows the file; by its kind where its name tells nothing."""
    named = Path(file.name).suffix.lower()
    if named in TYPES:
        return named
    return _ENDINGS.get(file.kind, ".txt" if file.kind.startswith("text/") else "")


def shown_names(turn: Turn) -> list[str]:
    """The names of a turn's files as they are shown, no two alike."""
    names: list[str] = []
    for name in (_shown(file.name) for file in turn.files[:MOST_LINES]):
        numbered = (f"{name} ({number})" for number in count(2))
        names.append(next(it for it in chain([name], numbered) if it not in names))
    return names


def _shown(name: str) -> str:
    """A file's name without folders, without what is invisible or would be read as markup, and not too long."""
    last = printable(name.replace("\\", "/").rpartition("/")[2][-4096:]).translate(_MARKUP)
    told = " ".join(last.split())
    if len(told) > NAME:
        ending = Path(told).suffix[:10]
        told = f"{told[: NAME - len(ending) - 1]}…{ending}"
    return told or "file"


_MARKUP: Final = str.maketrans("<>[]|`*~", "        ")

_IMAGES: Final = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp", ".heic", ".bmp", ".tif", ".tiff", ".svg"})
_ARCHIVES: Final = frozenset({".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".zst"})
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_ENDINGS: Final = {
    "application/pdf": ".pdf",
    f"{_OFFICE}wordprocessingml.document": ".docx",
    f"{_OFFICE}spreadsheetml.sheet": ".xlsx",
    f"{_OFFICE}presentationml.presentation": ".pptx",
    "text/markdown": ".md",
    "text/html": ".html",
    "text/csv": ".csv",
}
_REASONS: Final[dict[str, Reason]] = {
    "encrypted": "encrypted",
    "empty file": "empty",
    "unsupported type": "unsupported",
    "large": "large",
}


def reason_of(said: str) -> Reason:
    """Why a file was not read, of the reasons that we have words for."""
    return "scan" if said.startswith(("a scan", "no text found")) else _REASONS.get(said, "broken")


_SAID: Final[dict[Reason, dict[Language, str]]] = {
    "image": {
        "en": "{name}: I cannot look at pictures.",
        "de": "{name}: Bilder kann ich nicht ansehen.",
        "fr": "{name} : je ne peux pas regarder les images.",
    },
    "archive": {
        "en": "{name}: I do not open archives; please send the files in it.",
        "de": "{name}: Archive öffne ich nicht; bitte senden Sie die Dateien darin.",
        "fr": "{name} : je n'ouvre pas les archives ; envoyez les fichiers qu'elle contient, s'il vous plaît.",
    },
    "unsupported": {
        "en": "{name}: I cannot read files of this kind.",
        "de": "{name}: Dateien dieser Art kann ich nicht lesen.",
        "fr": "{name} : je ne peux pas lire ce type de fichier.",
    },
    "large": {
        "en": "{name}: not read, for it is larger than {mb} MB.",
        "de": "{name}: nicht gelesen, denn die Datei ist größer als {mb} MB.",
        "fr": "{name} : pas lu, car il dépasse {mb} Mo.",
    },
    "many": {
        "en": "{name}: not read, for I read {most} files at most with one question.",
        "de": "{name}: nicht gelesen, denn zu einer Frage lese ich höchstens {most} Dateien.",
        "fr": "{name} : pas lu, car je lis au plus {most} fichiers par question.",
    },
    "encrypted": {
        "en": "{name}: not read, for it is protected with a password.",
        "de": "{name}: nicht gelesen, denn die Datei ist mit einem Passwort geschützt.",
        "fr": "{name} : pas lu, car il est protégé par un mot de passe.",
    },
    "empty": {"en": "{name}: it is empty.", "de": "{name}: die Datei ist leer.", "fr": "{name} : il est vide."},
    "scan": {
        "en": "{name}: I found no text in it; is it a scan?",
        "de": "{name}: ich habe darin keinen Text gefunden; ist es ein Scan?",
        "fr": "{name} : je n'y ai trouvé aucun texte ; est-ce une numérisation ?",
    },
    "broken": {
        "en": "{name}: it could not be read.",
        "de": "{name}: die Datei konnte nicht gelesen werden.",
        "fr": "{name} : il n'a pas pu être lu.",
    },
    "slow": {
        "en": "{name}: not read, for it took too long.",
        "de": "{name}: nicht gelesen, denn es dauerte zu lange.",
        "fr": "{name} : pas lu, car cela prenait trop de temps.",
    },
    "scope": {
        "en": "{name}: I am not allowed to read files here; an admin can give me the permission `files:read`.",
        "de": "{name}: Ich darf hier keine Dateien lesen; ein Admin kann mir das Recht `files:read` geben.",
        "fr": "{name} : je n'ai pas le droit de lire les fichiers ici ; un admin peut me donner `files:read`.",
    },
    "gone": {
        "en": "{name}: it is not there any more.",
        "de": "{name}: die Datei ist nicht mehr da.",
        "fr": "{name} : il n'est plus là.",
    },
    "external": {
        "en": "{name}: not read, for it is stored elsewhere, where I have no access.",
        "de": "{name}: nicht gelesen, denn die Datei liegt anderswo, wo ich keinen Zugang habe.",
        "fr": "{name} : pas lu, car il est conservé ailleurs, où je n'ai pas accès.",
    },
    "elsewhere": {
        "en": "{name}: not read, for it belongs to another organisation.",
        "de": "{name}: nicht gelesen, denn die Datei gehört einer anderen Organisation.",
        "fr": "{name} : pas lu, car il appartient à une autre organisation.",
    },
    "unreachable": {
        "en": "{name}: it could not be fetched at the moment.",
        "de": "{name}: die Datei war im Moment nicht abrufbar.",
        "fr": "{name} : il n'a pas pu être récupéré pour le moment.",
    },
    "cut": {
        "en": "{name}: I read only the beginning, {characters} characters.",
        "de": "{name}: ich habe nur den Anfang gelesen, {characters} Zeichen.",
        "fr": "{name} : je n'ai lu que le début, {characters} caractères.",
    },
}
